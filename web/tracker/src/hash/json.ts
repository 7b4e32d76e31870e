import type { Json, JsonObject } from '../types';

/**
 * JSON that every parser accepts: half of a surrogate pair (a text cut inside an emoji) is an error
 * to strict parsers and would lose the whole batch, so it becomes U+FFFD.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(/\\(\\|ud[89a-f][0-9a-f]{2})/g, (whole, tail) =>
    tail === '\\' ? whole : '\\ufffd',
  );
}

/** JSON with keys sorted by code unit at every depth and no spaces. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sorted(JSON.parse(toJson(value))));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value).sort()) result[key] = sorted(value[key] as Json);
  return result;
}

/** A snapshot of what the page passed in: later changes, functions and cycles cannot reach the queue. */
export function plainObject(value: unknown): JsonObject {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(value));
    return isRecord(copy) ? (copy as JsonObject) : {};
  } catch {
    return {};
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
