interface Brands {
  brands?: { brand: string }[];
}

export function isHeadlessAgent(): boolean {
  const hints = (navigator as { userAgentData?: Brands }).userAgentData;
  const names = (hints?.brands ?? []).map(({ brand }) => brand);
  return /headless|phantomjs|electron/i.test([navigator.userAgent, ...names].join(' '));
}

/** A window that no window manager ever drew. */
export function hasNoOuterSize(): boolean {
  return window.outerWidth === 0 || window.outerHeight === 0;
}
