import { startAutoTrack } from './autotrack/index';
import type { Config } from './config';
import { guard } from './guard';
import { plainObject } from './hash/json';
import { holdEvents } from './held';
import { FINGERPRINT_GIVE_UP_MS } from './limits';
import { pageAddress, whenLoaded } from './page';
import { refusesObservation } from './privacy';
import { openQueue } from './queue';
import { randomId } from './random';
import { openSession } from './session';
import { observeDevice } from './signals/index';
import { sessionStore } from './storage';
import { httpTransport } from './transport';
import type { JsonObject, TrackerEvent } from './types';

export interface Tracker {
  identify(id: string | null, data: unknown): void;
  track(type: string, data: unknown): void;
  stop(): void;
}

export function startTracker(config: Config): Tracker {
  const session = openSession(sessionStore);
  const queue = openQueue(httpTransport(config.endpoint, config.key));
  const held = holdEvents((event) => queue.add(event));
  const stopping = new AbortController();
  const { signal } = stopping;

  const makeEvent = (type: string, data: JsonObject): TrackerEvent => {
    const identity = session.identity();
    return {
      id: randomId(),
      type,
      data,
      ...(identity === null ? {} : { identity: { id: identity } }),
      timestamp: new Date().toISOString(),
      source: 'tracker',
      ...pageAddress(),
      session: session.touch(),
    };
  };
  const record = (type: string, data: JsonObject): void => held.add(makeEvent(type, data));

  const observe = async (): Promise<void> => {
    const startedAt = performance.now();
    const event = makeEvent('dregs_init', {});
    try {
      const device = await withinTime(observeDevice());
      if (signal.aborted) return;
      event.data = { collectMs: Math.round(performance.now() - startedAt) };
      held.resolve(device, event);
    } catch {
      held.resolve(null, event);
    }
  };

  const flushAtEnd = guard(() => {
    held.releaseAll();
    queue.flushLast();
  });
  const flushSoon = guard(() => {
    if (document.visibilityState === 'hidden') queue.hurry();
  });

  if (refusesObservation()) {
    held.resolve(null);
  } else {
    whenLoaded(guard(() => void (signal.aborted || observe())));
    if (config.autoTrack) startAutoTrack(record, signal);
  }
  // After the automatic trackers, so that their last summaries are in the queue when it is flushed.
  window.addEventListener('pagehide', flushAtEnd, { signal });
  document.addEventListener('visibilitychange', flushSoon, { signal });

  return {
    identify(id, data) {
      if (id === null) {
        session.end();
        return;
      }
      session.bind(id);
      held.adopt(id);
      const event = makeEvent('identify', {});
      held.add({ ...event, identity: { id, data: plainObject(data) } });
    },
    track: (type, data) => record(type, plainObject(data)),
    stop() {
      stopping.abort();
      held.close();
      queue.close();
    },
  };
}

function withinTime<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('no fingerprint in time')), FINGERPRINT_GIVE_UP_MS);
    }),
  ]);
}
