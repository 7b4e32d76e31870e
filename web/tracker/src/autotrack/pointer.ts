import type { Json } from '../types';
import { listen } from './listen';
import { newStats } from './stats';

const FAST_CLICK_MS = 20;
const CENTRE_TOLERANCE_PX = 0.5;
const CENTRE_TARGET_MIN_PX = 8;
const STILL_PX = 3;

const newCounts = () => ({
  moves: 0,
  coalesced: 0,
  downs: 0,
  clicks: 0,
  untrusted: 0,
  zeroPressure: 0,
  fastClicks: 0,
  exactCentre: 0,
  withoutApproach: 0,
  pen: 0,
  fractionalTimes: 0,
  distance: 0,
  dwell: newStats(),
  moveGap: newStats(),
  moveLength: newStats(),
});

/** How the mouse and the pen move and press. Returns what was counted since the last call. */
export function watchPointer(signal: AbortSignal): () => Json {
  let counts = newCounts();
  let last: { x: number; y: number; at: number } | null = null;
  let movesSinceClick = 0;
  let downAt: number | null = null;
  let clickedAt: { x: number; y: number } | null = null;

  listen('pointermove', signal, (event) => {
    if (event.pointerType === 'touch') return;
    if (!event.isTrusted) counts.untrusted += 1;
    counts.moves += 1;
    movesSinceClick += 1;
    // The list holds the event itself; more than one means that the system merged movements.
    if ((event.getCoalescedEvents?.().length ?? 0) > 1) counts.coalesced += 1;
    if (last) {
      const length = Math.hypot(event.clientX - last.x, event.clientY - last.y);
      counts.distance += length;
      counts.moveLength.add(length);
      counts.moveGap.add(event.timeStamp - last.at);
    }
    last = { x: event.clientX, y: event.clientY, at: event.timeStamp };
  });

  listen('pointerdown', signal, (event) => {
    if (event.pointerType === 'touch') return;
    counts.downs += 1;
    downAt = event.timeStamp;
    if (event.pointerType === 'pen') counts.pen += 1;
    if (!event.isTrusted) counts.untrusted += 1;
    if (event.pointerType === 'mouse' && event.pressure === 0) counts.zeroPressure += 1;
    if (event.timeStamp % 1 !== 0) counts.fractionalTimes += 1;
  });

  listen('pointerup', signal, (event) => {
    if (event.pointerType === 'touch' || downAt === null) return;
    const dwellMs = event.timeStamp - downAt;
    counts.dwell.add(dwellMs);
    if (dwellMs < FAST_CLICK_MS) counts.fastClicks += 1;
    downAt = null;
  });

  listen('click', signal, (event) => {
    const { pointerType } = event as PointerEvent;
    if (!event.isTrusted) counts.untrusted += 1;
    // Detail 0: the keyboard or a label made this click, so its place says nothing.
    if (pointerType === 'touch' || (event.isTrusted && event.detail === 0)) return;
    counts.clicks += 1;
    if (isExactCentre(event)) counts.exactCentre += 1;
    if (movesSinceClick === 0 && !isNear(event, clickedAt)) counts.withoutApproach += 1;
    movesSinceClick = 0;
    clickedAt = { x: event.clientX, y: event.clientY };
  });

  return () => {
    const { dwell, moveGap, moveLength, distance, ...numbers } = counts;
    counts = newCounts();
    return {
      ...numbers,
      distance: Math.round(distance),
      dwell: dwell.summary(),
      moveGap: moveGap.summary(),
      moveLength: moveLength.summary(),
    };
  };
}

/** People hardly ever hit the very middle; scripts aim at it. */
function isExactCentre(event: MouseEvent): boolean {
  if (!(event.target instanceof Element)) return false;
  const box = event.target.getBoundingClientRect();
  if (Math.min(box.width, box.height) < CENTRE_TARGET_MIN_PX) return false;
  const offX = Math.abs(event.clientX - (box.left + box.width / 2));
  const offY = Math.abs(event.clientY - (box.top + box.height / 2));
  return Math.max(offX, offY) <= CENTRE_TOLERANCE_PX;
}

function isNear(event: MouseEvent, place: { x: number; y: number } | null): boolean {
  if (!place) return false;
  return Math.hypot(event.clientX - place.x, event.clientY - place.y) <= STILL_PX;
}
