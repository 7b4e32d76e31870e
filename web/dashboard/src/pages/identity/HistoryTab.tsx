/** The scores over time, what happened meanwhile, and what changed between two analyses. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useState } from 'react';
import {
  cycleQuery,
  decisionsQuery,
  escalationsOfQuery,
  historyQuery,
  reviewsQuery,
} from '../../api/queries';
import { CATEGORIES, type HistoryEntry, scoreOf } from '../../api/types';
import { moment, signed } from '../../lib/format';
import { compare } from '../../lib/waterfall';
import type { Marker } from '../../parts/Chart';
import { Select } from '../../parts/Field';
import { Panel } from '../../parts/Page';
import { Explained } from '../../parts/Said';
import { Empty, Failed, Fetched, Loading } from '../../parts/States';
import { texts } from '../../texts';

const Chart = lazy(() => import('../../parts/Chart'));

export function HistoryTab({ id }: { id: string }) {
  const query = useQuery(historyQuery(id));
  return (
    <Fetched query={query} lines={8}>
      {(history) =>
        history.length === 0 ? (
          <Panel>
            <Empty title={texts.history.none}>{texts.why.noneHint}</Empty>
          </Panel>
        ) : (
          <History id={id} history={history} />
        )
      }
    </Fetched>
  );
}

function History({ id, history }: { id: string; history: HistoryEntry[] }) {
  const [after, setAfter] = useState(history[0]?.id ?? '');
  const [before, setBefore] = useState(history[1]?.id ?? history[0]?.id ?? '');
  const oldestFirst = useMemo(() => [...history].reverse(), [history]);
  const markers = useMarkers(id);
  const marked = useMemo(() => [before, after], [before, after]);
  // The cycle that was clicked becomes the later one; the one before it the earlier.
  const pick = (cycleId: string) => {
    const place = history.findIndex((entry) => entry.id === cycleId);
    setAfter(cycleId);
    setBefore(history[place + 1]?.id ?? cycleId);
  };
  const options = history.map((entry) => [entry.id, moment(entry.finishedAt)] as const);
  return (
    <div className="flex flex-col gap-4">
      <Panel title={texts.history.title}>
        <div className="p-3">
          <Suspense fallback={<div className="skeleton h-60" />}>
            <Chart history={oldestFirst} markers={markers} marked={marked} onPick={pick} />
          </Suspense>
          {markers.length > 0 && <p className="mt-1 text-xs text-soft">{texts.history.legend}</p>}
        </div>
      </Panel>
      <Panel
        title={texts.history.compare}
        actions={
          <>
            <Select
              label={texts.history.before}
              value={before}
              options={options}
              onChange={setBefore}
            />
            <span aria-hidden="true">→</span>
            <Select
              label={texts.history.after}
              value={after}
              options={options}
              onChange={setAfter}
            />
          </>
        }
      >
        <Comparison id={id} before={before} after={after} history={history} />
      </Panel>
    </div>
  );
}

function useMarkers(id: string): Marker[] {
  const escalations = useQuery(escalationsOfQuery(id)).data;
  const decisions = useQuery(decisionsQuery(id)).data;
  const reviews = useQuery(reviewsQuery(id)).data;
  return useMemo(
    () => [
      ...(escalations?.content ?? []).flatMap((one) =>
        one.openedAt ? [{ at: one.openedAt, sign: 'E', title: one.escalationRule.label }] : [],
      ),
      ...(decisions?.content ?? []).map((one) => ({
        at: one.decidedAt,
        sign: 'D',
        title: one.verdict,
      })),
      ...(reviews ?? []).map((one) => ({ at: one.createdAt, sign: 'R', title: '' })),
    ],
    [escalations, decisions, reviews],
  );
}

function Comparison({
  id,
  before,
  after,
  history,
}: {
  id: string;
  before: string;
  after: string;
  history: HistoryEntry[];
}) {
  const was = useQuery(cycleQuery(id, before));
  const is = useQuery(cycleQuery(id, after));
  if (before === after) return <Empty title={texts.history.same} />;
  if (was.error || is.error) return <Failed error={was.error ?? is.error} />;
  if (!was.data || !is.data) return <Loading className="p-4" />;
  const of = (analysis: typeof was.data) =>
    analysis.scores.flatMap((score) => score.observations ?? []);
  const differences = compare(of(was.data), of(is.data));
  const [from, to] = [
    history.find((one) => one.id === before),
    history.find((one) => one.id === after),
  ];
  const noEvidence = of(was.data).length === 0 || of(is.data).length === 0;
  return (
    <div>
      <dl className="grid grid-cols-2 gap-3 border-b border-line p-4 sm:grid-cols-4">
        {CATEGORIES.map((category) => {
          const [a, b] = [from && scoreOf(from, category), to && scoreOf(to, category)];
          const change = a != null && b != null ? b - a : null;
          return (
            <div key={category}>
              <dt className="text-xs text-soft">{texts.categories[category].name}</dt>
              <dd className="tabular-nums">
                {a ?? '–'} → <strong>{b ?? '–'}</strong>{' '}
                {change ? (
                  <span className={change < 0 ? 'text-critical' : 'text-good'}>
                    {signed(change)}
                  </span>
                ) : null}
              </dd>
            </div>
          );
        })}
      </dl>
      {noEvidence && <p className="px-4 py-3 text-soft">{texts.history.noEvidence}</p>}
      {differences.length === 0 && !noEvidence && <Empty title={texts.history.noChange} />}
      <ul>
        {differences.map((one) => (
          <li
            key={one.id}
            className="grid grid-cols-[1fr_auto] gap-4 border-b border-line px-4 py-2 last:border-0"
          >
            <div className="min-w-0">
              <p className="font-medium">{one.label}</p>
              <p className="text-soft">
                {one.after ? <Explained>{one.after.explanation}</Explained> : texts.history.ceased}
              </p>
              {!one.before && <p className="text-xs text-soft">{texts.history.began}</p>}
            </div>
            <span
              className={`font-semibold tabular-nums ${one.change < 0 ? 'text-critical' : 'text-good'}`}
            >
              {signed(one.change, 1)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
