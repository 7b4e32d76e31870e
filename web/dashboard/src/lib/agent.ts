/** A user agent in a few words, for whoever scans a list. It repeats what the browser claims: the whole text stands beside it. */

const BROWSERS: [RegExp, string][] = [
  [/HeadlessChrome\/(\d+)/, 'Headless Chrome'],
  [/PhantomJS\/(\d+)/, 'PhantomJS'],
  [/Edg(?:A|iOS)?\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/SamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/(?:Chrome|CriOS)\/(\d+)/, 'Chrome'],
  [/Version\/(\d+)[^ ]* (?:Mobile\/\S+ )?Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPod/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'ChromeOS'],
  [/Macintosh|Mac OS X/, 'macOS'],
  [/Linux|X11/, 'Linux'],
];
/** Words of programs that do not pretend to be a browser: `curl/8.5.0`. */
const PROGRAM = /^([A-Za-z][\w.-]{0,30})\/(\d+)/;

export function agentOf(text: string): string | null {
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1];
  for (const [pattern, name] of BROWSERS) {
    const version = text.match(pattern)?.[1];
    if (version) return [`${name} ${version}`, system].filter(Boolean).join(', ');
  }
  if (text.startsWith('Mozilla/')) return null;
  const program = text.match(PROGRAM);
  return program ? `${program[1]} ${program[2]}` : null;
}
