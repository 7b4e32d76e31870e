import type { Json } from '../types';
import { listen } from './listen';
import { newStats } from './stats';

const newCounts = () => ({
  starts: 0,
  moves: 0,
  untrusted: 0,
  withoutArea: 0,
  dwell: newStats(),
});

/** Fingers on the screen. A real one covers an area; a synthesized one is often a point. */
export function watchTouch(signal: AbortSignal): () => Json {
  let counts = newCounts();
  let startedAt: number | null = null;

  listen('pointerdown', signal, (event) => {
    if (event.pointerType !== 'touch') return;
    counts.starts += 1;
    if (!event.isTrusted) counts.untrusted += 1;
    if (event.width <= 1 && event.height <= 1) counts.withoutArea += 1;
    startedAt = event.timeStamp;
  });
  listen('pointermove', signal, (event) => {
    if (event.pointerType === 'touch') counts.moves += 1;
  });
  listen('pointerup', signal, (event) => {
    if (event.pointerType !== 'touch' || startedAt === null) return;
    counts.dwell.add(event.timeStamp - startedAt);
    startedAt = null;
  });

  return () => {
    const { dwell, ...numbers } = counts;
    counts = newCounts();
    return { ...numbers, dwell: dwell.summary() };
  };
}
