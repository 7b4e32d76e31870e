/** Numbers and times for people. */
const NUMBER = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const DAY_SHORT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
const CLOCK_SHORT = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
];

export const number = (value: number) => NUMBER.format(value);
/** From here on there is no room for all digits of an axis. */
const SHORT_FROM = 10_000;
/** The figures of an axis: all of them in full, or all in short, as in 500K and 1.5M. */
export const axisNumbers = (values: number[]) =>
  values.map(values.some((value) => value >= SHORT_FROM) ? COMPACT.format : number);
export const percent = (share: number) =>
  share > 0.99 && share < 1 ? '>99 %' : `${Math.round(share * 100)} %`;
export const moment = (iso: string) => MOMENT.format(new Date(iso));
/** A day; the short form is for where the year is plain, and is in UTC as the server's days are. */
export const day = (iso: string, short = false) => (short ? DAY_SHORT : DAY).format(new Date(iso));
export const shortClock = (iso: string) => CLOCK_SHORT.format(new Date(iso));
export const clock = (iso: string) => CLOCK.format(new Date(iso));
/** As a field for a moment has it: the local time, to the minute. */
export function localMinute(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
export const plural = (count: number, one: string, many = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : many}`;
/** With its sign, a real minus. */
export const signed = (value: number, digits = 0) => {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return '0';
  return `${value < 0 ? '−' : '+'}${text}`;
};

/** A number stays on the line of its unit. */
export const together = (text: string) =>
  text.replace(/(\d) (%|ms|s|min|h)(?![\p{L}\d])/gu, '$1\u00a0$2');

/** "3 min. ago", "yesterday". */
export function ago(iso: string, nowMs: number): string {
  let left = (Date.parse(iso) - nowMs) / 1000;
  if (Number.isNaN(left)) return '';
  if (Math.abs(left) < 5) return 'just now';
  for (const [unit, size] of STEPS) {
    if (Math.round(Math.abs(left)) < size) return RELATIVE.format(Math.round(left), unit);
    left /= size;
  }
  return '';
}

export function duration(millis: number): string {
  if (millis < 1000) return `${Math.round(millis)} ms`;
  if (millis < 60_000) return `${(millis / 1000).toFixed(1)} s`;
  if (millis < 3_600_000) return `${Math.round(millis / 60_000)} min`;
  if (millis < 172_800_000) return `${Math.round(millis / 3_600_000)} h`;
  return `${Math.round(millis / 86_400_000)} days`;
}
