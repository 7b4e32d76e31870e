import type { Json } from '../types';
import { listen } from './listen';
import { newStats } from './stats';

const newCounts = () => ({ events: 0, untrusted: 0, wheels: 0, distance: 0, gap: newStats() });

/** How far and how steadily the page scrolls, and whether a wheel turned. */
export function watchScroll(signal: AbortSignal): () => Json {
  let counts = newCounts();
  let lastAt: number | null = null;
  let lastY = window.scrollY;

  listen('scroll', signal, (event) => {
    counts.events += 1;
    if (!event.isTrusted) counts.untrusted += 1;
    counts.distance += Math.abs(window.scrollY - lastY);
    if (lastAt !== null) counts.gap.add(event.timeStamp - lastAt);
    lastY = window.scrollY;
    lastAt = event.timeStamp;
  });
  listen('wheel', signal, (event) => {
    counts.wheels += 1;
    if (!event.isTrusted) counts.untrusted += 1;
  });

  return () => {
    const { gap, distance, ...numbers } = counts;
    counts = newCounts();
    return { ...numbers, distance: Math.round(distance), gap: gap.summary() };
  };
}
