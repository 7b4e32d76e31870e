import type { Json } from '../types';
import { decimal } from './shape';

/** Gibibytes as the browser rounds them; small devices report fractions. */
export function deviceMemory(): Json {
  return decimal((navigator as { deviceMemory?: unknown }).deviceMemory);
}
