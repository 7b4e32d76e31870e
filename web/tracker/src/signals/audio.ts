import type { Json } from '../types';
import type { Library } from './library';
import { decimal } from './shape';

/** The sum of a rendered sound wave. The library reports its excuses as negative numbers. */
export function audio(library: Library): Json {
  const sum = library.audio;
  return typeof sum === 'number' && sum > 0 ? decimal(sum) : null;
}
