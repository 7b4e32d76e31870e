import { shortHash } from '../hash/sha256';
import type { Json } from '../types';
import type { Library } from './library';

/** The library's words for a picture that it could not or would not take. */
const EXCUSES = ['', 'unsupported', 'skipped', 'unstable'];

interface Pictures {
  winding: boolean;
  geometry: string;
  text: string;
}

/** `unstable` means that two drawings of the same picture differed: the browser adds noise. */
export function canvas(library: Library): Json {
  const pictures = library.canvas as Pictures | undefined;
  if (!pictures) return null;
  const { geometry, text, winding } = pictures;
  return {
    geometry: EXCUSES.includes(geometry) ? null : shortHash(geometry),
    text: EXCUSES.includes(text) ? null : shortHash(text),
    state: EXCUSES.includes(text) ? text || 'unsupported' : 'ok',
    winding,
  };
}
