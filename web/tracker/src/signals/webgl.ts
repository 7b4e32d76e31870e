import { canonicalJson, isRecord } from '../hash/json';
import { shortHash } from '../hash/sha256';
import type { Json } from '../types';
import type { Library } from './library';
import { text } from './shape';

/**
 * The graphics processor. The hash covers its limits and precisions but not the list of extensions,
 * which grows with browser releases while the device stays the same.
 */
export function webgl(library: Library): Json {
  const basics = library.webGlBasics;
  const details = library.webGlExtensions;
  if (!isRecord(basics)) return null;
  return {
    vendor: text(basics.vendorUnmasked || basics.vendor),
    renderer: text(basics.rendererUnmasked || basics.renderer),
    hash: isRecord(details) ? hashOf(details) : null,
    extensions:
      isRecord(details) && Array.isArray(details.extensions) ? details.extensions.length : null,
  };
}

function hashOf({ parameters, shaderPrecisions }: Record<string, unknown>): string {
  return shortHash(canonicalJson([parameters as Json, shaderPrecisions as Json]));
}
