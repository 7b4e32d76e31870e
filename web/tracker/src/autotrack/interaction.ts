import { guard } from '../guard';
import { INTERACTION_FIRST_MS, INTERACTION_PERIOD_MS } from '../limits';
import type { Recorder } from './index';
import { watchKeyboard } from './keyboard';
import { listen } from './listen';
import { watchPointer } from './pointer';
import { watchScroll } from './scroll';
import { watchTouch } from './touch';

const ACTIVITY = ['pointermove', 'pointerdown', 'click', 'keydown', 'input', 'scroll'] as const;

/**
 * Sums up what the visitor's hands did, in counters of constant size. Each summary covers the time
 * since the one before; none is sent when nothing happened. Returns a function that sums up now.
 */
export function watchInteraction(record: Recorder, signal: AbortSignal): () => void {
  const [pointer, keyboard, scroll, touch] = [
    watchPointer(signal),
    watchKeyboard(signal),
    watchScroll(signal),
    watchTouch(signal),
  ];
  let firstAt: number | null = null;
  let since = performance.now();
  let periodMs = INTERACTION_FIRST_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;

  for (const type of ACTIVITY) {
    listen(type, signal, (event) => {
      firstAt ??= event.timeStamp;
      timer ??= setTimeout(sumUp, periodMs);
    });
  }

  const sumUp = guard(() => {
    clearTimeout(timer);
    timer = undefined;
    if (firstAt === null || signal.aborted) return;
    const now = performance.now();
    record('interaction', {
      windowMs: Math.round(now - since),
      firstMs: Math.round(firstAt - since),
      pointer: pointer(),
      keyboard: keyboard(),
      scroll: scroll(),
      touch: touch(),
    });
    firstAt = null;
    since = now;
    periodMs = INTERACTION_PERIOD_MS;
  });

  signal.addEventListener('abort', () => clearTimeout(timer));
  window.addEventListener('pagehide', sumUp, { signal });
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'hidden') sumUp();
    },
    { signal },
  );
  return sumUp;
}
