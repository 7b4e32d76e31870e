import { RETRY_BASE_MS, RETRY_MAX_MS } from './limits';

/** Exponential, with up to half of it random, so that browsers do not return all at once. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceilingMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(ceilingMs * (1 - random() / 2));
}

/** `Retry-After` in seconds or as a date, capped like in the official clients; null when unusable. */
export function retryAfterMs(header: string | null, nowMs: number = Date.now()): number | null {
  if (!header) return null;
  const waitMs = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), RETRY_MAX_MS);
}
