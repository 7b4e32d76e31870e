/** What a rule would have done in the last days: begun, followed, and told. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { BacktestResult, Condition, Share } from '../api/types';
import { moment, number, percent } from '../lib/format';
import { texts } from '../texts';
import { Tag } from './Badges';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Select } from './Field';
import { IdentityLink } from './Links';
import { Facts } from './Page';
import { Failed } from './States';
import { problemText } from './Toasts';

const SPANS = ['7', '30', '90'] as const;
const POLL_MS = 700;
/** Of those it would have fired on first. */
const SHOWN = 8;

interface Draft {
  conditions: Condition[];
  applyDelaySeconds?: number;
  removeDelaySeconds?: number;
  openAfterSeconds?: number;
  closeAfterSeconds?: number | null;
}

interface Tried {
  of: 'badge' | 'escalation';
  /** The slug of a stored badge rule, or the id of a stored escalation rule. */
  stored?: string;
  /** What is changed of it, or a rule that is not stored. */
  draft?: Draft;
}

function begin({ of, stored, draft }: Tried, days: number) {
  const rule = draft ?? undefined;
  return of === 'badge'
    ? body(api.POST('/badge-rules/actions/backtest', { body: { slug: stored, rule, days } }))
    : body(api.POST('/escalation-rules/actions/backtest', { body: { id: stored, rule, days } }));
}

export function Backtest(tried: Tried) {
  const [days, setDays] = useState<(typeof SPANS)[number]>('30');
  const start = useMutation({ mutationFn: () => begin(tried, Number(days)) });
  const id = start.data?.id;
  const query = useQuery({
    queryKey: ['backtest', id],
    queryFn: ({ signal }) =>
      body(api.GET('/backtests/{id}', { params: { path: { id: id ?? '' } }, signal })),
    enabled: id !== undefined,
    refetchInterval: ({ state }) =>
      state.error || (state.data && state.data.status !== 'PENDING') ? false : POLL_MS,
  });
  const test = query.data;
  const running =
    start.isPending || (id !== undefined && !query.error && (!test || test.status === 'PENDING'));
  return (
    <section className="rounded-lg border border-line">
      <div className="flex flex-wrap items-center gap-2 px-3 py-2">
        <p className="min-w-48 flex-1 text-sm text-soft">{texts.backtest.hint}</p>
        <Select
          label={texts.backtest.days}
          value={days}
          options={SPANS.map((one) => [one, texts.backtest.daysOf(one)] as const)}
          onChange={setDays}
        />
        <Button disabled={running} onClick={() => start.mutate()}>
          {running ? texts.backtest.running : test ? texts.backtest.again : texts.backtest.act}
        </Button>
      </div>
      {running && (
        <progress
          aria-label={texts.backtest.progress}
          className="block h-1.5 w-full accent-accent"
          max={1}
          value={test?.progress ?? 0}
        />
      )}
      <div aria-live="polite">
        {start.error && <p className="said px-3 pb-2 text-critical">{problemText(start.error)}</p>}
        {query.error && <Failed error={query.error} retry={() => query.refetch()} />}
        {test?.status === 'FAILED' && (
          <p className="said px-3 pb-2 text-critical">
            {texts.backtest.failed}: {test.errorMessage}
          </p>
        )}
        {test?.status === 'FINISHED' && test.result && <Result result={test.result} />}
      </div>
    </section>
  );
}

function share(share: Share | null | undefined): string {
  if (!share) return texts.backtest.noLabels;
  const range = texts.backtest.interval(percent(share.low), percent(share.high));
  return `${percent(share.value)} ${range}`;
}

function Result({ result }: { result: BacktestResult }) {
  const { fired, stored } = result;
  const shown = result.first.slice(0, SHOWN);
  const left = result.first.length - shown.length + result.more;
  return (
    <div className="flex flex-col gap-3 border-t border-line p-3">
      <h3 className="font-semibold">{texts.backtest.fired(fired.identities, result.identities)}</h3>
      <Facts
        facts={[
          [
            texts.backtest.labelled,
            texts.backtest.labels(fired.abuse, fired.legitimate, fired.unlabelled),
          ],
          [texts.backtest.precision, share(fired.precision)],
          [
            texts.backtest.recall,
            `${share(result.recall)}; ${texts.backtest.missed(result.missedAbuse)}`,
          ],
          [texts.backtest.still, number(result.stillFiring)],
          [texts.backtest.scorings, number(result.scorings)],
        ]}
      />
      {stored && <p>{texts.backtest.both(stored.both, stored.onlyBacktest, stored.onlyStored)}</p>}
      {result.days.length > 0 && <Days result={result} />}
      {shown.length > 0 && (
        <div>
          <h4 className="text-sm font-medium">{texts.backtest.first}</h4>
          <ul>
            {shown.map((one) => (
              <li
                key={one.identityId}
                className="flex flex-wrap items-center justify-between gap-x-4 border-b border-line py-1.5 last:border-0"
              >
                <IdentityLink id={one.identityId} />
                <span className="flex items-center gap-2 text-xs text-soft">
                  {one.label && (
                    <Tag look={one.label === 'LEGITIMATE' ? 'good' : 'critical'}>{one.label}</Tag>
                  )}
                  {moment(one.at)}
                </span>
              </li>
            ))}
          </ul>
          {left > 0 && <p className="text-xs text-soft">{texts.backtest.more(left)}</p>}
        </div>
      )}
    </div>
  );
}

/** Bars for the eye; their numbers for everybody. */
function Days({ result }: { result: BacktestResult }) {
  const most = Math.max(...result.days.map((day) => day.firings));
  return (
    <div>
      <h4 className="text-sm font-medium">{texts.backtest.firings(result.firings)}</h4>
      <ul className="mt-1 flex h-16 items-end gap-px">
        {result.days.map((day) => (
          <li
            key={day.day}
            title={`${day.day}: ${number(day.firings)}`}
            className="max-w-8 flex-1 rounded-t bg-accent"
            style={{ height: `${Math.max(4, (day.firings / most) * 100)}%` }}
          >
            <span className="sr-only">{`${day.day}: ${number(day.firings)}`}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A stored rule on the past. */
export function BacktestDialog({
  name,
  onClose,
  ...tried
}: Tried & { name: string; onClose: () => void }) {
  return (
    <Dialog title={texts.backtest.title(name)} onClose={onClose} wide>
      <Backtest {...tried} />
    </Dialog>
  );
}
