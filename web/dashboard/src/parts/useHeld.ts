/** Keeps a list still while somebody's hand is on it, and says what waits. */
import { useLayoutEffect, useMemo, useState } from 'react';
import { moves, newcomers, type Pages, renewed } from '../lib/held';

/** What one has just done oneself is shown at once, wherever the hand is. */
const OWN_MS = 4_000;
let ownUntil = 0;

/** Somebody changed something here. */
export function changedHere() {
  ownUntil = Date.now() + OWN_MS;
}

/** Whether somebody is busy with what is inside: pointing at it, in it with the keyboard, or scrolled down in it. */
export function isTouched(element: HTMLElement | null): boolean {
  if (!element) return false;
  const points = matchMedia('(hover: hover)').matches && element.matches(':hover');
  const inside = document.activeElement !== element && element.contains(document.activeElement);
  return points || inside || element.scrollTop > 0;
}

export interface Waiting {
  /** Rows that are not shown; 0 where only the order is another. */
  count: number;
  show: () => void;
}

export interface Held<Row> {
  pages: Pages<Row>;
  waiting: Waiting | null;
}

export function useHeld<Row>(
  /** Of the question: what answers another is shown at once. */
  name: string,
  came: Pages<Row>,
  /** What tells rows apart; without it nothing is held. */
  keyOf: ((row: Row) => string) | undefined,
  isHeld: () => boolean,
): Held<Row> {
  const [kept, setKept] = useState({ name, pages: came });
  const shown = kept.name === name ? kept.pages : came;
  const differs = useMemo(
    () => keyOf !== undefined && shown !== came && moves(shown, came, keyOf),
    [shown, came, keyOf],
  );
  useLayoutEffect(() => {
    const holds = differs && Date.now() > ownUntil && isHeld();
    if (!holds && (kept.pages !== came || kept.name !== name)) setKept({ name, pages: came });
  });
  return useMemo(() => {
    if (!differs || !keyOf) return { pages: came, waiting: null };
    const show = () => setKept({ name, pages: came });
    return {
      pages: renewed(shown, came, keyOf),
      waiting: { count: newcomers(shown, came, keyOf), show },
    };
  }, [differs, shown, came, keyOf, name]);
}
