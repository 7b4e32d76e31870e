import type { Json } from '../types';
import { decimal, integer } from './shape';

export function screen(): Json {
  const { width, height, availWidth, availHeight, colorDepth } = window.screen;
  return {
    width: integer(width),
    height: integer(height),
    availWidth: integer(availWidth),
    availHeight: integer(availHeight),
    depth: integer(colorDepth),
    pixelRatio: decimal(window.devicePixelRatio),
  };
}

/** The window on that screen; it has no outer size in some headless browsers. */
export function viewport(): Json {
  return {
    innerWidth: integer(window.innerWidth),
    innerHeight: integer(window.innerHeight),
    outerWidth: integer(window.outerWidth),
    outerHeight: integer(window.outerHeight),
  };
}
