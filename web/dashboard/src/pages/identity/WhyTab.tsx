/** Why the scores are what they are, category by category. */
import { useQuery } from '@tanstack/react-query';
import { Problem } from '../../api/client';
import { analysisQuery } from '../../api/queries';
import { CATEGORIES, type Identity } from '../../api/types';
import { duration } from '../../lib/format';
import { Panel } from '../../parts/Page';
import { Empty, Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useSearch, useSetSearch } from '../../parts/useSearch';
import { Waterfall } from '../../parts/Waterfall';
import { texts } from '../../texts';

export function WhyTab({ identity }: { identity: Identity }) {
  const query = useQuery(analysisQuery(identity.id));
  const { category } = useSearch();
  const setSearch = useSetSearch();
  if (query.error instanceof Problem && query.error.status === 404) {
    return (
      <Panel>
        <Empty title={texts.why.none}>{texts.why.noneHint}</Empty>
      </Panel>
    );
  }
  const shown = CATEGORIES.filter(
    (one) => !CATEGORIES.includes(category as typeof one) || one === category,
  );
  return (
    <Panel>
      <Fetched query={query} lines={8}>
        {(analysis) => (
          <>
            <div className="divide-y divide-line">
              {shown.map((one) => {
                const score = analysis.scores.find((found) => found.category === one);
                return (
                  <Waterfall
                    key={one}
                    category={one}
                    value={score?.value ?? null}
                    observations={score?.observations ?? []}
                    onBasis={(seen) => setSearch({ tab: 'events', rests: seen.id }, true)}
                  />
                );
              })}
            </div>
            <p className="border-t border-line px-4 py-2.5 text-xs text-soft">
              {texts.why.about(
                analysis.eventCount,
                analysis.deviceCount,
                duration(analysis.durationMillis),
                String(analysis.engineVersion),
                analysis.dataPack,
              )}{' '}
              <Time at={analysis.finishedAt} />
            </p>
          </>
        )}
      </Fetched>
    </Panel>
  );
}
