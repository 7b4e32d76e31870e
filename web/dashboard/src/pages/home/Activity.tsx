/** What happened over time: one measure at a time, as a picture and as a table. */
import { lazy, Suspense, useMemo } from 'react';
import type { Stats } from '../../api/types';
import { day, moment, number, shortClock } from '../../lib/format';
import { Choice } from '../../parts/Field';
import { Panel } from '../../parts/Page';
import { Empty, Fetched } from '../../parts/States';
import { useSearch, useSetSearch } from '../../parts/useSearch';
import { texts } from '../../texts';
import type { Measure } from '../../texts/home';
import { usePeriod, useStats } from './figures';

const BarChart = lazy(() => import('../../parts/BarChart'));

type Bucket = Stats['buckets'][number];

const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((all, one) => all + one, 0);

const MEASURES: Record<Measure, [(bucket: Bucket) => number, ((bucket: Bucket) => number)?]> = {
  events: [(bucket) => bucket.events, (bucket) => sum(bucket.rejected)],
  people: [(bucket) => bucket.activeIdentities, (bucket) => bucket.newIdentities],
  scored: [(bucket) => bucket.scoredIdentities],
  escalations: [(bucket) => bucket.escalationsOpened, (bucket) => bucket.escalationsClosed],
};
const NAMES = Object.keys(MEASURES) as Measure[];

export function Activity() {
  const { show } = useSearch();
  const setSearch = useSetSearch();
  const measure = NAMES.find((one) => one === show) ?? 'events';
  const query = useStats(usePeriod());
  return (
    <Panel
      title={texts.overview.activity}
      actions={
        <Choice
          label={texts.overview.measure}
          value={measure}
          onChange={(to) => setSearch({ show: to === 'events' ? undefined : to })}
          options={NAMES.map((one) => [one, texts.overview.measures[one][0]] as const)}
        />
      }
    >
      <Fetched query={query} lines={6}>
        {(stats) => <Drawn stats={stats} measure={measure} />}
      </Fetched>
    </Panel>
  );
}

function Drawn({ stats, measure }: { stats: Stats; measure: Measure }) {
  const [title, first, second] = texts.overview.measures[measure];
  const unit = texts.overview.units[stats.bucket] ?? '';
  const drawn = useMemo(() => {
    const [bars, line] = MEASURES[measure];
    return {
      starts: stats.buckets.map((bucket) =>
        stats.bucket === 'HOUR' ? shortClock(bucket.start) : day(bucket.start, true),
      ),
      bars: { label: first, values: stats.buckets.map(bars) },
      line: line && { label: second, values: stats.buckets.map(line) },
    };
  }, [stats, measure, first, second]);
  const { starts, bars, line } = drawn;
  if (![...bars.values, ...(line?.values ?? [])].some(Boolean))
    return <Empty title={texts.overview.nothing} />;
  return (
    <div className="p-3">
      <Suspense fallback={<div className="skeleton h-60" />}>
        <BarChart
          label={texts.overview.activityOf(title, starts.length, unit)}
          name={texts.overview.start}
          {...drawn}
        />
      </Suspense>
      <details className="mt-1 text-sm">
        <summary className="w-fit text-soft">{texts.overview.asTable}</summary>
        <div className="mt-2 max-h-72 overflow-auto">
          <table className="w-full max-w-lg tabular-nums">
            <thead className="text-left text-xs text-soft">
              <tr>
                <th className="py-1 font-medium">{texts.overview.start}</th>
                <th className="text-right font-medium">{bars.label}</th>
                {line && <th className="text-right font-medium">{line.label}</th>}
              </tr>
            </thead>
            <tbody>
              {stats.buckets.map((bucket, place) => (
                <tr key={bucket.start} className="border-t border-line">
                  <td className="py-1">
                    {stats.bucket === 'HOUR' ? moment(bucket.start) : starts[place]}
                  </td>
                  <td className="text-right">{number(bars.values[place] ?? 0)}</td>
                  {line && <td className="text-right">{number(line.values[place] ?? 0)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}
