interface Hints {
  brands?: { brand: string; version: string }[];
  mobile?: boolean;
  platform?: string;
}

const PLATFORM_IN_AGENT: Record<string, RegExp> = {
  Windows: /Windows NT/,
  macOS: /Mac OS X/,
  Linux: /Linux|X11/,
  Android: /Android|Linux/,
  'Chrome OS': /CrOS/,
};

/** The client hints and the user agent text of one browser tell the same story. */
export function isUaDataMismatched(): boolean {
  const hints = (navigator as { userAgentData?: Hints }).userAgentData;
  if (!hints) return false;
  const expected = PLATFORM_IN_AGENT[hints.platform ?? ''];
  if (expected && !expected.test(navigator.userAgent)) return true;
  return hints.brands ? !areVersionsEqual(hints.brands) : false;
}

function areVersionsEqual(brands: { brand: string; version: string }[]): boolean {
  const inAgent = /Chrome\/(\d+)/.exec(navigator.userAgent)?.[1];
  const inHints = brands.find(({ brand }) => /^(Headless)?(Chromium|Chrome)$/.test(brand))?.version;
  return !inAgent || !inHints || inAgent === inHints.split('.')[0];
}
