/**
 * Text that came from the people being judged. It is shown, never obeyed: what would be invisible or reorder other
 * text becomes visible, and what is long is cut.
 */

/** Invisible, reordering or control characters. Joiners stay: emoji and several scripts need them. */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
/** More marks on one letter than any script has. */
const STACKED = /(\p{M}{4})\p{M}+/gu;

/** What a hidden character looks like: a control picture, or its number. */
function picture(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\n') return '↵';
  if (character === '\t') return '⇥';
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
}

export function visible(text: string): string {
  return text.replace(HIDDEN, picture).replace(STACKED, '$1');
}

/** At most so many characters, never half of one. */
export function clip(text: string, max: number): { shown: string; cut: boolean } {
  if (text.length <= max) return { shown: text, cut: false };
  const points = [...text.slice(0, max * 2)];
  if (points.length <= max && text.length <= max * 2) return { shown: text, cut: false };
  return { shown: points.slice(0, max).join(''), cut: true };
}

/** A link that may be followed: http and https alone, never javascript: or data:. */
export function safeUrl(text: string): string | null {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}
