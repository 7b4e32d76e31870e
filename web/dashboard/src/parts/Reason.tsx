/** A reason for a score in short: its points and its words. */
import type { Observation } from '../api/types';
import { signed } from '../lib/format';
import { Explained } from './Said';

export function Reason({ seen }: { seen: Observation }) {
  const look = seen.contribution < 0 ? 'text-critical' : 'text-good';
  return (
    <li className="grid grid-cols-[44px_1fr] gap-2">
      <span className={`text-right font-semibold tabular-nums ${look}`}>
        {signed(seen.contribution)}
      </span>
      <span className="min-w-0">
        <Explained max={260}>{seen.explanation}</Explained>
      </span>
    </li>
  );
}
