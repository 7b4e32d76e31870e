import type { JsonObject } from '../types';
import { watchForms } from './forms';
import { watchInteraction } from './interaction';
import { watchPageViews } from './pageviews';

export type Recorder = (type: string, data: JsonObject) => void;

/** Everything the tracker records by itself, until the signal aborts. */
export function startAutoTrack(record: Recorder, signal: AbortSignal): void {
  const sumUp = watchInteraction(record, signal);
  watchPageViews(record, signal);
  watchForms((type, data) => {
    // What the hands did while filling the form belongs before its submission.
    sumUp();
    record(type, data);
  }, signal);
}
