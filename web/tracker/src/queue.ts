import { backoffMs } from './backoff';
import { guard } from './guard';
import { toJson } from './hash/json';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  EVENT_BYTES_MAX,
  FLUSH_DELAY_MS,
  QUEUE_EVENTS_MAX,
} from './limits';
import type { Outcome, Transport } from './transport';
import type { TrackerEvent } from './types';

/** Given up first when the queue is full: the tracker made them by itself and makes more. */
const EXPENDABLE_TYPES = ['interaction', 'page_view', 'form_submit'];

export interface Queue {
  add(event: TrackerEvent): void;
  /** The page may be killed soon: send without the usual delay, but still wait for the answer. */
  hurry(): void;
  /** The page is going away. What is under way survives it by itself. */
  flushLast(): void;
  close(): void;
}

export function openQueue(transport: Transport): Queue {
  let waiting: TrackerEvent[] = [];
  let underWay: TrackerEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let closed = false;

  const wake = (delayMs: number): void => {
    const isBusy = timer !== undefined || underWay.length > 0;
    if (closed || isBusy || waiting.length === 0) return;
    timer = setTimeout(guard(flush), delayMs);
  };

  const settle = (outcome: Outcome): void => {
    const batch = underWay;
    underWay = [];
    if (outcome.kind !== 'retry') {
      failures = 0;
      wake(0);
      return;
    }
    failures += 1;
    waiting = batch.concat(waiting);
    wake(outcome.afterMs ?? backoffMs(failures));
  };

  const flush = (): void => {
    timer = undefined;
    const count = batchLength(waiting);
    underWay = waiting.slice(0, count);
    waiting = waiting.slice(count);
    transport.send(underWay).then(
      guard(settle),
      guard(() => settle({ kind: 'drop' })),
    );
  };

  return {
    add(event) {
      if (closed) return;
      waiting.push(withinSize(event));
      if (waiting.length + underWay.length > QUEUE_EVENTS_MAX) evict(waiting);
      wake(FLUSH_DELAY_MS);
    },
    hurry() {
      if (closed || failures > 0 || underWay.length > 0 || waiting.length === 0) return;
      clearTimeout(timer);
      flush();
    },
    flushLast() {
      if (closed) return;
      clearTimeout(timer);
      timer = undefined;
      let rest = waiting;
      waiting = [];
      while (rest.length > 0) {
        const count = batchLength(rest);
        transport.sendLast(rest.slice(0, count));
        rest = rest.slice(count);
      }
    },
    close() {
      closed = true;
      waiting = [];
      clearTimeout(timer);
    },
  };
}

/** Removes one event: the oldest expendable one, else the newest. */
function evict(events: TrackerEvent[]): void {
  const at = events.findIndex((event) => EXPENDABLE_TYPES.includes(event.type));
  events.splice(at < 0 ? events.length - 1 : at, 1);
}

/** How many events from the front fit into one request; at least one. */
export function batchLength(events: TrackerEvent[]): number {
  let bytes = 0;
  let count = 0;
  for (const event of events.slice(0, BATCH_EVENTS_MAX)) {
    bytes += byteLength(event);
    if (count > 0 && bytes > BATCH_BYTES_MAX) break;
    count += 1;
  }
  return count;
}

/** An event that the server would refuse for its size still tells that it happened. */
function withinSize(event: TrackerEvent): TrackerEvent {
  if (byteLength(event) <= EVENT_BYTES_MAX) return event;
  const identity = event.identity && { id: event.identity.id };
  return { ...event, identity, data: { truncated: true } };
}

function byteLength(event: TrackerEvent): number {
  return new TextEncoder().encode(toJson(event)).length;
}
