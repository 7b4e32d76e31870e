/** Which observations of an analysis rest on which events. */
import type { Analysis, Observation } from '../api/types';

export function observationsOf(analysis: Analysis | undefined): Observation[] {
  return analysis?.scores.flatMap((score) => score.observations ?? []) ?? [];
}

/** By the id of the event, the loudest first. */
export function byEvent(observations: readonly Observation[]): Map<string, Observation[]> {
  const found = new Map<string, Observation[]>();
  const loudest = observations.toSorted(
    (a, b) => Math.abs(b.contribution) - Math.abs(a.contribution),
  );
  for (const seen of loudest) {
    for (const { id } of seen.basis?.events ?? []) found.set(id, [...(found.get(id) ?? []), seen]);
  }
  return found;
}
