import { LIST_MAX, TEXT_MAX } from '../limits';
import type { Json } from '../types';

/** A bounded text, or null when there is none. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, TEXT_MAX) : null;
}

export function texts(values: unknown): string[] {
  const list = Array.from((values ?? []) as ArrayLike<unknown>).slice(0, LIST_MAX);
  return list.filter((value): value is string => typeof value === 'string').map(shorten);
}

function shorten(value: string): string {
  return value.slice(0, 128);
}

/** A whole number, or null. Adding zero turns -0, which other languages print differently, into 0. */
export function integer(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(value) + 0 : null;
}

/**
 * A number that may have a fraction, as a text of at most four decimals: languages print fractions
 * differently, and the server must hash the same bytes.
 */
export function decimal(value: unknown): string | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  const trimmed = value.toFixed(4).replace(/\.?0+$/, '');
  return trimmed === '-0' ? '0' : trimmed;
}

export function flag(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

/** The first value that arrives: the answer, or null when the browser takes too long. */
export function withinMs<T>(timeMs: number, work: Promise<T>): Promise<T | null> {
  return Promise.race([
    work.catch(() => null),
    new Promise<null>((resolve) => setTimeout(() => resolve(null), timeMs)),
  ]);
}

export type Collector<L> = (library: L) => Json | Promise<Json>;
