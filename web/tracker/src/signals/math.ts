import { shortHash } from '../hash/sha256';
import type { Json } from '../types';
import type { Library } from './library';

/** The last digits of transcendental functions differ between engines and their platforms. */
export function mathHash(library: Library): Json {
  return library.math ? shortHash(JSON.stringify(library.math)) : null;
}
