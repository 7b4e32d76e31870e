/** How observations carry a score from the middle to where it is. */
import type { Observation } from '../api/types';

/** A score without evidence. */
export const START = 50;
/** Below this a contribution says nothing that can be seen. */
const SILENT_POINTS = 0.5;

export interface Step {
  observation: Observation;
  /** The score before and after it. */
  from: number;
  to: number;
}

/** The strongest first; each begins where the one before it ended. */
export function steps(observations: Observation[]): Step[] {
  const ordered = [...observations].sort(
    (a, b) => Math.abs(b.contribution) - Math.abs(a.contribution) || (a.id < b.id ? -1 : 1),
  );
  let at = START;
  return ordered.map((observation) => {
    const from = at;
    at += observation.contribution;
    return { observation, from, to: at };
  });
}

/** What speaks loudest against, or for, over all categories. */
export function reasons(observations: Observation[], sign: -1 | 1, count: number): Observation[] {
  return observations
    .filter((seen) => seen.contribution * sign >= SILENT_POINTS)
    .sort((a, b) => sign * (b.contribution - a.contribution))
    .slice(0, count);
}

export interface Difference {
  id: string;
  label: string;
  before: Observation | null;
  after: Observation | null;
  /** Points by which its contribution changed. */
  change: number;
}

/** What changed between two analyses, the greatest change first. */
export function compare(before: Observation[], after: Observation[]): Difference[] {
  const ids = new Set([...before, ...after].map((seen) => seen.id));
  const found = (list: Observation[], id: string) => list.find((seen) => seen.id === id) ?? null;
  return [...ids]
    .map((id) => {
      const [was, is] = [found(before, id), found(after, id)];
      const change = (is?.contribution ?? 0) - (was?.contribution ?? 0);
      return { id, label: (is ?? was)?.label ?? id, before: was, after: is, change };
    })
    .filter(({ before, after, change }) => {
      return Math.abs(change) >= SILENT_POINTS || (before === null) !== (after === null);
    })
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
}
