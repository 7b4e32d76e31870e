import { isRecord } from '../hash/json';
import type { Json } from '../types';
import type { Library } from './library';
import { flag, text, texts } from './shape';

/** Client hints, which Chromium browsers answer beside the user agent text. */
export function uaData(library: Library): Json {
  const hints = library.userAgentData;
  if (!isRecord(hints)) return null;
  return {
    brands: texts(hints.brands),
    mobile: flag(hints.mobile),
    platform: text(hints.platform),
    platformVersion: text(hints.platformVersion),
    architecture: text(hints.architecture),
    bitness: text(hints.bitness),
    model: text(hints.model),
  };
}
