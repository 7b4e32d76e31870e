/** Whom the conditions of a rule match now, while one builds them. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, body } from '../api/client';
import type { Condition } from '../api/types';
import { isComplete } from '../lib/conditions';
import { number } from '../lib/format';
import { texts } from '../texts';
import { Who } from './Links';
import { ScoreRow } from './Score';
import { Failed, Loading } from './States';

/** A pause this long means that the rule is worth looking at. */
const PAUSE_MS = 300;
const SHOWN = 6;

export function RulePreview({
  of,
  conditions,
}: {
  of: 'badge' | 'escalation';
  conditions: Condition[];
}) {
  const [settled, setSettled] = useState(conditions);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(conditions), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [conditions]);
  const complete = settled.every(isComplete);
  const query = useQuery({
    queryKey: ['rule-preview', of, settled],
    queryFn: ({ signal }) => {
      const call = {
        params: { query: { pageSize: SHOWN } },
        body: { conditions: settled },
        signal,
      };
      return body(
        of === 'badge'
          ? api.POST('/badge-rules/actions/preview', call)
          : api.POST('/escalation-rules/actions/preview', call),
      );
    },
    enabled: complete,
    placeholderData: keepPreviousData,
  });
  return (
    <section className="rounded-lg border border-line" aria-live="polite">
      <h3 className="border-b border-line px-3 py-2 font-semibold">
        {!complete
          ? texts.rules.incomplete
          : query.data
            ? texts.rules.matches(number(query.data.totalElements), query.data.totalElements === 1)
            : texts.rules.matching}
      </h3>
      {complete && query.isPending && <Loading className="p-3" lines={3} />}
      {complete && query.error && <Failed error={query.error} />}
      {complete && query.data && (
        <ul className={query.isPlaceholderData ? 'opacity-60' : ''}>
          {query.data.content.map((match) => (
            <li
              key={match.id}
              className="grid grid-cols-1 gap-2 border-b border-line px-3 py-2 last:border-0 sm:grid-cols-[1fr_320px]"
            >
              <Who id={match.id} name={match.displayName} />
              <ScoreRow scores={match} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
