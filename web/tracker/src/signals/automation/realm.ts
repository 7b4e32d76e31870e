type Realm = typeof globalThis;

/**
 * Runs a computation with the globals of a fresh empty frame, where a script that patched only this
 * page has left nothing.
 */
export function inFreshRealm<T>(compute: (realm: Realm) => T): T {
  const frame = document.createElement('iframe');
  frame.style.setProperty('display', 'none', 'important');
  document.documentElement.appendChild(frame);
  try {
    return compute(frame.contentWindow as unknown as Realm);
  } finally {
    frame.remove();
  }
}

/** The browser describes itself in the same words in a frame as in the page. */
export function isFrameMismatched(realm: Realm): boolean {
  return describe(realm.navigator) !== describe(navigator);
}

function describe(nav: Navigator): string {
  const { userAgent, platform, vendor, webdriver, hardwareConcurrency, languages } = nav;
  return JSON.stringify([userAgent, platform, vendor, webdriver, hardwareConcurrency, languages]);
}
