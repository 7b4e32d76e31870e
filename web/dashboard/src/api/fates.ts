/** What became of events, as the ingestion report counts it. */
import type { Ingestion } from './types';

const FINE = ['applied', 'duplicate', 'parked'];

/** Refused events by reason, the most common first. */
export function refused(ingestion: Ingestion): [string, number][] {
  return Object.entries(ingestion.fates)
    .filter(([fate, count]) => count > 0 && !FINE.includes(fate))
    .sort((a, b) => b[1] - a[1]);
}
