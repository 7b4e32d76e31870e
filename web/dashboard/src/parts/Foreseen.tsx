/** Scores as they are, and as they would be. */
import type { DecisionPreview } from '../api/types';
import { IdentityLink } from './Links';
import { Score } from './Score';

export function Foreseen({ scores }: { scores: DecisionPreview['scores'] }) {
  return (
    <ul className="flex flex-col gap-2">
      {scores.map((score) => (
        <li key={score.identityId} className="flex flex-wrap items-center justify-between gap-2">
          <IdentityLink id={score.identityId} />
          <span className="flex items-center gap-3">
            <Score value={score.uniqueness} />
            <span aria-hidden="true">→</span>
            <Score value={score.predictedUniqueness} />
          </span>
        </li>
      ))}
    </ul>
  );
}
