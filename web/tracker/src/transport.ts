import { retryAfterMs } from './backoff';
import { toJson } from './hash/json';
import { REQUEST_TIMEOUT_MS } from './limits';
import type { TrackerEvent } from './types';

/** `retry` keeps the batch; `drop` gives it up because the same request can never succeed. */
export type Outcome =
  | { kind: 'done' }
  | { kind: 'drop' }
  | { kind: 'retry'; afterMs: number | null };

export interface Transport {
  send(batch: TrackerEvent[]): Promise<Outcome>;
  /** The page is going away: nothing can be awaited. */
  sendLast(batch: TrackerEvent[]): void;
}

const RETRIED_STATUS = [408, 429];

export function outcomeOf(status: number, retryAfter: string | null): Outcome {
  if (status < 400) return { kind: 'done' };
  if (status < 500 && !RETRIED_STATUS.includes(status)) return { kind: 'drop' };
  return { kind: 'retry', afterMs: retryAfterMs(retryAfter) };
}

export function httpTransport(endpoint: string, key: string): Transport {
  const address = `${endpoint}/api/events`;
  // Taken early, so that what the page wraps around fetch afterwards is left out of our traffic.
  const request = window.fetch?.bind(window);

  // keepalive lets a request outlive its page, so a batch under way survives a navigation.
  const post = (batch: TrackerEvent[]): Promise<Response> =>
    withTimeout((signal) =>
      request(address, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: toJson(batch),
        keepalive: true,
        signal,
        credentials: 'omit',
        mode: 'cors',
        referrerPolicy: 'strict-origin-when-cross-origin',
      }),
    );

  // A beacon carries no headers: the key goes into the address, and text/plain needs no preflight.
  const beacon = (batch: TrackerEvent[]): boolean =>
    navigator.sendBeacon(
      `${address}?key=${encodeURIComponent(key)}`,
      new Blob([toJson(batch)], { type: 'text/plain' }),
    );

  return {
    async send(batch) {
      try {
        const response = await post(batch);
        return outcomeOf(response.status, response.headers.get('Retry-After'));
      } catch {
        return { kind: 'retry', afterMs: null };
      }
    },
    sendLast(batch) {
      if (!request || !('keepalive' in Request.prototype)) {
        beacon(batch);
        return;
      }
      // Rejected at once when the browser's keepalive allowance is used up.
      post(batch)
        .catch(() => beacon(batch))
        .catch(() => {});
    },
  };
}

async function withTimeout<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), REQUEST_TIMEOUT_MS);
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
