import type { Json } from '../types';
import type { Library } from './library';
import { texts } from './shape';

/** Which of the library's telling fonts are installed, in its order. */
export function fonts(library: Library): Json {
  return library.fonts ? texts(library.fonts) : null;
}
