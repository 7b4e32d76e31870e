import { canonicalJson, isRecord } from './hash/json';
import { shortHash } from './hash/sha256';
import type { Json, JsonObject } from './types';

/**
 * What stays the same on one browser of one machine from visit to visit. Every key is always
 * present; a field that is absent or of another type counts as null, so that any input has exactly
 * one subset in every language.
 */
export function stableSubset(signals: JsonObject): JsonObject {
  const screen = record(signals.screen);
  const canvas = record(signals.canvas);
  const webgl = record(signals.webgl);
  return {
    audio: text(signals.audio),
    canvas: { geometry: text(canvas.geometry), text: text(canvas.text) },
    deviceMemory: text(signals.deviceMemory),
    fonts: texts(signals.fonts),
    hardwareConcurrency: integer(signals.hardwareConcurrency),
    languages: texts(signals.languages, 1),
    mathHash: text(signals.mathHash),
    platform: text(signals.platform),
    screen: {
      depth: integer(screen.depth),
      pixelRatio: text(screen.pixelRatio),
      size: longSideFirst(integer(screen.width), integer(screen.height)),
    },
    timezone: text(signals.timezone),
    touchPoints: integer(signals.touchPoints),
    vendor: text(signals.vendor),
    webgl: { hash: text(webgl.hash), renderer: text(webgl.renderer), vendor: text(webgl.vendor) },
  };
}

/** The first 32 hexadecimal digits of SHA-256 over the canonical JSON of the stable subset. */
export function fingerprintOf(signals: JsonObject): string {
  return shortHash(canonicalJson(stableSubset(signals)));
}

/** Turning a phone does not make another device of it. */
function longSideFirst(width: number | null, height: number | null): Json {
  if (width === null || height === null) return null;
  return [Math.max(width, height), Math.min(width, height)];
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A list of texts only, cut to its first entries; anything else in it makes it null. */
function texts(value: unknown, countMax = Number.POSITIVE_INFINITY): string[] | null {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) return null;
  return value.slice(0, countMax);
}

function integer(value: unknown): number | null {
  const isInteger = typeof value === 'number' && Number.isSafeInteger(value);
  return isInteger ? value + 0 : null;
}
