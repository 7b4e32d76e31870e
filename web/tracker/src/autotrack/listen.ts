import { guard } from '../guard';

/**
 * Listens in the capture phase, so that the page's stopPropagation hides nothing, and passively, so
 * that scrolling never waits.
 */
export function listen<K extends keyof WindowEventMap>(
  type: K,
  signal: AbortSignal,
  handle: (event: WindowEventMap[K]) => void,
): void {
  window.addEventListener(type, guard(handle), { capture: true, passive: true, signal });
}
