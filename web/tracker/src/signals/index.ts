import { fingerprintOf } from '../fingerprint';
import type { Device, Json, JsonObject } from '../types';
import { audio } from './audio';
import { automation } from './automation/index';
import * as browser from './browser';
import { canvas } from './canvas';
import { fonts } from './fonts';
import { type Library, measureLibrary } from './library';
import { languages, locale, timezone, timezoneOffset } from './locale';
import { mathHash } from './math';
import { mediaQueries } from './media';
import { deviceMemory } from './memory';
import { screen, viewport } from './screen';
import { type Collector, withinMs } from './shape';
import { uaData } from './uadata';
import { voices } from './voices';
import { webgl } from './webgl';

const COLLECT_WAIT_MS = 1_000;

/** Every signal under the name it has on the wire. A new one is a file and a line here. */
const COLLECTORS: Record<string, Collector<Library>> = {
  ...browser,
  audio,
  automation,
  canvas,
  deviceMemory,
  fonts,
  languages,
  locale,
  mathHash,
  mediaQueries,
  screen,
  timezone,
  timezoneOffset,
  uaData,
  viewport,
  voices,
  webgl,
};

export async function observeDevice(): Promise<Device> {
  const library = await measureLibrary();
  const names = Object.keys(COLLECTORS);
  const values = await Promise.all(names.map((name) => collect(name, library)));
  const signals: JsonObject = { v: 1 };
  names.forEach((name, index) => {
    signals[name] = values[index] ?? null;
  });
  return { fingerprint: fingerprintOf(signals), signals };
}

/** One signal that fails or hangs is null and never costs the others. */
function collect(name: string, library: Library): Promise<Json> {
  const run = async (): Promise<Json> => COLLECTORS[name]?.(library) ?? null;
  return withinMs(COLLECT_WAIT_MS, run());
}
