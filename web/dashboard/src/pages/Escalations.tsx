/** The queue: the most severe first, worked with the keyboard alone if one likes. */
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body } from '../api/client';
import { escalationCountsQuery, escalationRulesQuery, NAMES_STALE_MS } from '../api/queries';
import { CATEGORIES, type Category, type Escalation } from '../api/types';
import { number } from '../lib/format';
import { SeverityTag } from '../parts/Badges';
import { EscalationDetail } from '../parts/EscalationDetail';
import { Choice, Select } from '../parts/Field';
import { Who } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Score } from '../parts/Score';
import { Empty } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { useEscalationKeys } from '../parts/useEscalationActs';
import { useNarrow } from '../parts/useNarrow';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetSearch, useSort } from '../parts/useSearch';
import { texts } from '../texts';

const POLL_MS = 10_000;
const STATUSES = ['OPEN', 'ACKNOWLEDGED', 'CLOSED', 'PENDING'] as const;
const SEVERITIES = ['', 'CRITICAL', 'WARNING', 'INFO'] as const;
const SORTS = ['severity', 'openedAt', 'createdAt', 'closedAt', 'acknowledgedAt'] as const;

const rowKey = (row: Escalation) => row.id;

/** The lowest score when it opened. */
function worst(escalation: Escalation): { category: Category; value: number } | null {
  const known = CATEGORIES.flatMap((category) => {
    const value = escalation.scoreSnapshot[category.toLowerCase()];
    return value === undefined ? [] : [{ category, value }];
  });
  return known.sort((a, b) => a.value - b.value)[0] ?? null;
}

const COLUMNS: Column<Escalation>[] = [
  {
    key: 'severity',
    head: texts.escalations.severity,
    width: '96px',
    sort: 'severity',
    cell: (row) => <SeverityTag severity={row.severity} />,
  },
  {
    key: 'rule',
    head: texts.escalations.rule,
    width: 'minmax(130px,1fr)',
    cell: (row) => (
      <Link to="/escalations/$id" params={{ id: row.id }} className="link">
        <Said max={60}>{row.escalationRule.label}</Said>
      </Link>
    ),
  },
  {
    key: 'who',
    head: texts.identities.who,
    width: 'minmax(140px,1fr)',
    cell: (row) => <Who id={row.identity.id} name={row.identity.label} />,
  },
  {
    key: 'score',
    head: texts.escalations.score,
    width: '130px',
    cell: (row) => {
      const lowest = worst(row);
      return lowest ? (
        <Score value={lowest.value} label={texts.categories[lowest.category].name} />
      ) : (
        <Score value={null} />
      );
    },
  },
  {
    key: 'age',
    head: texts.escalations.opened,
    width: '92px',
    sort: 'openedAt',
    cell: (row) => <Time at={row.openedAt ?? row.createdAt} className="text-soft" />,
  },
  {
    key: 'assignee',
    head: texts.escalations.assignee,
    width: '110px',
    cell: (row) =>
      row.assignedTo ? (
        <Said max={30}>{row.assignedTo}</Said>
      ) : (
        <span className="text-soft">–</span>
      ),
  },
];

export default function Escalations() {
  const search = useSearch();
  const setSearch = useSetSearch();
  const navigate = useNavigate();
  const narrow = useNarrow();
  const [active, setActive] = useState<Escalation | undefined>();
  const status = STATUSES.find((one) => one === search.status) ?? 'OPEN';
  const severity = SEVERITIES.find((one) => one === search.severity) ?? '';
  const sorting = useSort(SORTS, status === 'CLOSED' ? 'closedAt' : 'severity');
  const { sort, order } = sorting;
  const shadow = search.shadow === 'true' || undefined;
  const { rule, identity } = search;
  const rows = useRows(
    [
      'escalations',
      'list',
      status,
      severity,
      sort,
      order,
      rule ?? '',
      identity ?? '',
      shadow ?? false,
    ],
    (pageNumber, signal) =>
      body(
        api.GET('/escalations', {
          params: {
            query: {
              status,
              severity: severity || undefined,
              rule,
              identity,
              shadow,
              sort,
              order,
              pageNumber,
              pageSize: PAGE_ROWS,
            },
          },
          signal,
        }),
      ),
    { pollMs: POLL_MS, rowKey },
  );
  useEscalationKeys(active);
  return (
    <Page
      title={texts.nav.escalations}
      lead={
        rows.total === undefined
          ? ' '
          : texts.escalations.found(rows.total, texts.statuses[status] ?? status)
      }
    >
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1fr)_380px] 2xl:grid-cols-[minmax(0,1fr)_440px]">
        <Panel>
          <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
            <StatusChoice
              status={status}
              onChange={(to) =>
                setSearch({ status: to === 'OPEN' ? undefined : to, sort: undefined })
              }
            />
            <Select
              label={texts.escalations.severity}
              value={severity}
              options={SEVERITIES.map(
                (one) =>
                  [
                    one,
                    one ? (texts.severities[one] ?? one) : texts.escalations.anySeverity,
                  ] as const,
              )}
              onChange={(to) => setSearch({ severity: to || undefined })}
            />
            <RuleSelect rule={rule} onChange={(to) => setSearch({ rule: to })} />
          </div>
          <Table
            label={texts.nav.escalations}
            rows={rows}
            columns={COLUMNS}
            rowHeight={50}
            rowKey={rowKey}
            rowName={(row) =>
              `${texts.severities[row.severity] ?? row.severity}: ${row.escalationRule.label}, ${row.identity.label}`
            }
            {...sorting}
            onActive={setActive}
            onOpen={(row) =>
              (narrow || innerWidth < 1024) &&
              navigate({ to: '/escalations/$id', params: { id: row.id } })
            }
            minWidth={760}
            cardHeight={84}
            card={(row) => (
              <div className="flex min-w-0 flex-col gap-1">
                <span className="flex items-center justify-between gap-2">
                  <SeverityTag severity={row.severity} />
                  <Time at={row.openedAt ?? row.createdAt} className="text-xs text-soft" />
                </span>
                <Link
                  to="/escalations/$id"
                  params={{ id: row.id }}
                  className="link truncate font-medium"
                >
                  <Said max={50}>{row.escalationRule.label}</Said>
                </Link>
                <Said max={50} className="truncate text-soft">
                  {row.identity.label}
                </Said>
              </div>
            )}
            empty={
              <Empty title={status === 'OPEN' ? texts.home.noEscalations : texts.escalations.none}>
                {status === 'OPEN' && (
                  <>
                    {texts.home.noEscalationsHint}
                    <Link to="/settings/escalation-rules" className="link mt-1 block">
                      {texts.nav.escalationRules}
                    </Link>
                  </>
                )}
              </Empty>
            }
          />
        </Panel>
        <div className="sticky top-4 hidden max-h-[calc(100dvh-2rem)] overflow-auto lg:block">
          <Panel>
            {active && rows.count > 0 ? (
              <EscalationDetail key={active.id} escalation={active} />
            ) : (
              <Empty title={texts.escalations.choose}>{texts.escalations.keys}</Empty>
            )}
          </Panel>
        </div>
      </div>
    </Page>
  );
}

function StatusChoice({
  status,
  onChange,
}: {
  status: (typeof STATUSES)[number];
  onChange: (status: (typeof STATUSES)[number]) => void;
}) {
  const { data } = useQuery(escalationCountsQuery);
  const counts: Record<string, number | undefined> = {
    OPEN: data?.open,
    ACKNOWLEDGED: data?.acknowledged,
    CLOSED: data?.closed,
  };
  return (
    <Choice
      label={texts.escalations.status}
      value={status}
      options={STATUSES.map(
        (one) =>
          [
            one,
            `${texts.statuses[one]}${counts[one] === undefined ? '' : ` ${number(counts[one])}`}`,
          ] as const,
      )}
      onChange={onChange}
    />
  );
}

function RuleSelect({
  rule,
  onChange,
}: {
  rule: string | undefined;
  onChange: (rule: string | undefined) => void;
}) {
  const { data } = useQuery({ ...escalationRulesQuery, staleTime: NAMES_STALE_MS });
  const known = data?.map((one) => [one.id, one.name] as const) ?? [];
  const gone = rule && !known.some(([id]) => id === rule) ? [[rule, rule] as const] : [];
  return (
    <Select
      label={texts.escalations.rule}
      value={rule ?? ''}
      options={[['', texts.escalations.anyRule], ...known, ...gone]}
      onChange={(to) => onChange(to || undefined)}
    />
  );
}
