/** How long things are kept: what would go is shown before it does. And who was erased. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { api, body } from '../api/client';
import type { Erasure, Retention } from '../api/types';
import { moment } from '../lib/format';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Confirm, useOpen } from '../parts/Dialog';
import { Page, Panel } from '../parts/Page';
import { Empty, Failed, Fetched } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { texts } from '../texts';

/** The settings, what the preview calls their rows, and the fewest days, as the API has them. */
const KINDS = [
  ['eventsDays', 'events', 1],
  ['anonymousEventsDays', 'anonymousEvents', 1],
  ['cyclesDays', 'cycles', 1],
  ['deliveriesDays', 'deliveries', 1],
  ['reviewsDays', 'reviews', 1],
  ['parkedDays', 'parkedEvents', 1],
  ['escalationsClosedDays', 'escalations', 1],
  ['auditDays', 'audit', 90],
  ['inactiveIdentitiesDays', 'identities', 1],
] as const;
type Kind = (typeof KINDS)[number][0];
/** As the API has it: ten years. */
const DAYS_MAX = 3650;
/** A pause this long means that the numbers are worth looking at. */
const PAUSE_MS = 300;
const TOUCHES = ['retention', 'erasures'];

export default function DataRetention() {
  const { write } = useRights();
  const query = useQuery({
    queryKey: ['retention'],
    queryFn: ({ signal }) => body(api.GET('/retention', { signal })),
  });
  return (
    <Page title={texts.retention.title} lead={texts.retention.lead}>
      <Panel title={texts.retention.what}>
        <Fetched query={query} lines={8}>
          {(retention) => (
            <Form key={JSON.stringify(retention)} retention={retention} write={write} />
          )}
        </Fetched>
      </Panel>
      <Erasures />
    </Page>
  );
}

type Days = Record<Kind, number | null>;

const daysOf = (retention: Retention): Days =>
  Object.fromEntries(KINDS.map(([kind]) => [kind, retention[kind] ?? null])) as Days;

/** Whether the API takes them: on the way to 400 somebody types 4. */
const allowed = (days: Days) =>
  KINDS.every(([kind, , min]) => days[kind] === null || days[kind] >= min);

/** How many rows of each setting would go. What is kept for ever is not asked for: none of it goes. */
function usePreview(days: Days) {
  const [settled, setSettled] = useState(days);
  const wanted = JSON.stringify(days);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(JSON.parse(wanted)), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const query = useQuery({
    queryKey: ['retention', 'preview', settled],
    queryFn: async ({ signal }) => {
      const tried = KINDS.map(([kind]) => [kind, settled[kind] ?? undefined]);
      const { counts } = await body(
        api.GET('/retention/preview', { params: { query: Object.fromEntries(tried) }, signal }),
      );
      const of = ([kind, name]: (typeof KINDS)[number]) =>
        [kind, settled[kind] === null ? 0 : (counts[name] ?? 0)] as const;
      return Object.fromEntries(KINDS.map(of)) as Record<Kind, number>;
    },
    enabled: allowed(settled),
    placeholderData: keepPreviousData,
  });
  return {
    query,
    current: allowed(days) && JSON.stringify(settled) === wanted && !query.isPlaceholderData,
  };
}

function Form({ retention, write }: { retention: Retention; write: boolean }) {
  const before = daysOf(retention);
  const [days, setDays] = useState(before);
  const [asking, ask, close] = useOpen();
  const { query, current } = usePreview(days);
  const total = Object.values(query.data ?? {}).reduce((sum, count) => sum + count, 0);
  const save = useAct({
    act: () => body(api.PUT('/retention', { body: days })),
    done: () => texts.retention.saved,
    touches: TOUCHES,
    after: close,
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (total > 0) ask();
    else save.mutate();
  }
  return (
    <form onSubmit={submit}>
      <ul>
        {KINDS.map(([kind, , min]) => (
          <Row
            key={kind}
            kind={kind}
            min={min}
            days={days[kind]}
            goes={query.data?.[kind]}
            write={write}
            onChange={(value) => setDays({ ...days, [kind]: value })}
          />
        ))}
      </ul>
      {query.error && !query.data && <Failed error={query.error} retry={() => query.refetch()} />}
      {write && (
        <div className="border-t border-line p-4">
          <Button
            type="submit"
            look="main"
            disabled={
              save.isPending ||
              !current ||
              !query.data ||
              JSON.stringify(days) === JSON.stringify(before)
            }
          >
            {texts.retention.save}
          </Button>
        </div>
      )}
      {asking && (
        <Confirm
          title={texts.retention.askSave(total)}
          act={texts.retention.save}
          look="danger"
          busy={save.isPending}
          onAct={() => save.mutate()}
          onClose={close}
        >
          <p>{texts.retention.saveHint}</p>
          <ul>
            {KINDS.filter(([kind]) => (query.data?.[kind] ?? 0) > 0).map(([kind]) => (
              <li key={kind}>
                {texts.retention.kinds[kind]?.[0]}: {texts.retention.goes(query.data?.[kind] ?? 0)}
              </li>
            ))}
          </ul>
        </Confirm>
      )}
    </form>
  );
}

function Row({
  kind,
  min,
  days,
  goes,
  write,
  onChange,
}: {
  kind: Kind;
  min: number;
  days: number | null;
  goes: number | undefined;
  write: boolean;
  onChange: (days: number | null) => void;
}) {
  const [name, hint] = texts.retention.kinds[kind] ?? [kind, ''];
  return (
    <li className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 last:border-0 sm:grid-cols-[minmax(0,34rem)_170px_1fr]">
      <span className="min-w-0">
        <span className="font-medium">{name}</span>
        <span className="block text-xs text-soft">{hint}</span>
      </span>
      {write ? (
        <span className="flex items-center gap-2">
          <input
            type="number"
            min={min}
            max={DAYS_MAX}
            step={1}
            aria-label={texts.retention.daysOf(name)}
            placeholder={texts.retention.forever}
            className="field w-28"
            value={days ?? ''}
            onChange={(event) => onChange(bounded(event.target.value))}
          />
          {texts.retention.days}
        </span>
      ) : (
        <span>{days === null ? texts.retention.forever : `${days} ${texts.retention.days}`}</span>
      )}
      <span
        aria-live="polite"
        className={`max-sm:col-span-2 ${goes ? 'text-critical' : 'text-soft'}`}
      >
        {goes === undefined ? '…' : goes > 0 ? texts.retention.goes(goes) : texts.retention.nothing}
      </span>
    </li>
  );
}

function bounded(typed: string): number | null {
  const days = Math.floor(Number(typed));
  return typed === '' || !(days >= 1) ? null : Math.min(days, DAYS_MAX);
}

const COLUMNS: Column<Erasure>[] = [
  {
    key: 'digest',
    head: texts.retention.digest,
    width: 'minmax(300px,1fr)',
    cell: (row) => <code className="text-xs">{row.digest}</code>,
  },
  {
    key: 'asked',
    head: texts.retention.asked,
    width: '190px',
    cell: (row) => moment(row.requestedAt),
  },
  {
    key: 'done',
    head: texts.retention.done,
    width: '190px',
    cell: (row) =>
      row.finishedAt ? moment(row.finishedAt) : <Tag look="info">{texts.retention.pending}</Tag>,
  },
];

function Erasures() {
  const rows = useRows(['erasures'], (pageNumber, signal) =>
    body(api.GET('/erasures', { params: { query: { pageNumber, pageSize: PAGE_ROWS } }, signal })),
  );
  return (
    <Panel title={texts.retention.erasures}>
      <p className="px-4 py-2 text-sm text-soft">{texts.retention.digestHint}</p>
      <Table
        label={texts.retention.erasures}
        rows={rows}
        columns={COLUMNS}
        rowKey={(row) => String(row.id)}
        rowName={(row) => row.digest}
        minWidth={740}
        cardHeight={72}
        card={(row) => (
          <div className="flex min-w-0 flex-col gap-0.5">
            <code className="truncate text-xs">{row.digest}</code>
            <span className="flex justify-between gap-2 text-xs text-soft">
              <Time at={row.requestedAt} />
              {row.finishedAt ? texts.retention.done : texts.retention.pending}
            </span>
          </div>
        )}
        empty={<Empty title={texts.retention.noErasures} />}
      />
    </Panel>
  );
}
