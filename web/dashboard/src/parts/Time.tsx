/** A moment as a distance from now, with the exact one beneath the pointer. */
import { useSyncExternalStore } from 'react';
import { ago, moment } from '../lib/format';

const TICK_MS = 15_000;

let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const tell of listeners) tell();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

export function Time({ at, className }: { at: string | null | undefined; className?: string }) {
  const now = useNow();
  if (!at) return <span className="text-soft">–</span>;
  return (
    <time dateTime={at} title={moment(at)} className={`whitespace-nowrap ${className ?? ''}`}>
      {ago(at, Math.max(now, Date.now()))}
    </time>
  );
}
