import type { Json } from '../types';
import type { Library } from './library';
import { flag, integer, text } from './shape';

/** What style sheets can ask about the display, the input devices and the visitor's preferences. */
export function mediaQueries(library: Library): Json {
  return {
    colorGamut: text(library.colorGamut),
    contrast: integer(library.contrast),
    reducedMotion: flag(library.reducedMotion),
    reducedTransparency: flag(library.reducedTransparency),
    hdr: flag(library.hdr),
    forcedColors: flag(library.forcedColors),
    invertedColors: flag(library.invertedColors),
    monochrome: integer(library.monochrome),
    dark: matches('(prefers-color-scheme: dark)'),
    hover: matches('(hover: hover)'),
    finePointer: matches('(pointer: fine)'),
    coarsePointer: matches('(any-pointer: coarse)'),
  };
}

function matches(query: string): boolean {
  return window.matchMedia(query).matches;
}
