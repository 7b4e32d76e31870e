interface ChromeObject {
  runtime?: { sendMessage?: unknown; connect?: unknown };
}

function chromeObject(): ChromeObject | undefined {
  return (window as { chrome?: ChromeObject }).chrome;
}

/** A desktop Chrome by its user agent that lacks the object every desktop Chrome has. */
export function isChromeObjectMissing(): boolean {
  const agent = navigator.userAgent;
  return /Chrome\/\d/.test(agent) && !/Mobile|Android|Edge\//.test(agent) && !chromeObject();
}

/** Native methods are no constructors and have no `prototype`; plain imitations have one. */
export function isChromeRuntimeFaked(): boolean {
  const runtime = chromeObject()?.runtime;
  const methods = [runtime?.sendMessage, runtime?.connect];
  return methods.some((method) => typeof method === 'function' && 'prototype' in method);
}
