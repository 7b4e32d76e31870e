/** Everything that arrives, the latest first; live while one looks at it. */
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { Event } from '../api/types';
import { moment } from '../lib/format';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Input, Search } from '../parts/Field';
import { DeviceLink, IdentityLink } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Empty } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { useNarrow } from '../parts/useNarrow';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetSearch, useSetText, useSort } from '../parts/useSearch';
import { texts } from '../texts';

/** While nobody tells of changes. */
const TAIL_POLL_MS = 4_000;
const SORTS = ['timestamp', 'eventName'] as const;
const EXACT = ['identity', 'device', 'session', 'groupType', 'group'] as const;

const COLUMNS: Column<Event>[] = [
  {
    key: 'name',
    head: texts.events.name,
    width: 'minmax(160px,1.2fr)',
    sort: 'eventName',
    cell: (row) => (
      <span className="flex min-w-0 items-center gap-2">
        <Link to="/events/$id" params={{ id: row.id }} className="link truncate font-medium">
          <Said max={50}>{row.eventName}</Said>
        </Link>
        {row.canonicalType && <Tag>{row.canonicalType}</Tag>}
      </span>
    ),
  },
  {
    key: 'who',
    head: texts.events.who,
    width: 'minmax(140px,1fr)',
    cell: (row) =>
      row.identity ? (
        <IdentityLink id={row.identity.id} label={row.identity.label} />
      ) : (
        <span className="text-soft">{texts.events.anonymous}</span>
      ),
  },
  {
    key: 'ip',
    head: texts.devices.ip,
    width: '140px',
    cell: (row) => <Said max={45}>{row.ip ?? ''}</Said>,
  },
  {
    key: 'device',
    head: texts.devices.device,
    width: '120px',
    cell: (row) => (row.fingerprint ? <DeviceLink fingerprint={row.fingerprint} /> : null),
  },
  {
    key: 'page',
    head: texts.events.page,
    width: 'minmax(120px,1fr)',
    cell: (row) => <Said max={60}>{row.url ?? ''}</Said>,
  },
  {
    key: 'source',
    head: texts.events.source,
    width: '90px',
    cell: (row) => <Said max={30}>{row.eventSource ?? ''}</Said>,
  },
  {
    key: 'at',
    head: texts.events.at,
    width: '110px',
    sort: 'timestamp',
    cell: (row) => <Time at={row.timestamp} className="text-soft" />,
  },
];

const rowKey = (row: Event) => row.id;

export default function Events() {
  const search = useSearch();
  const setSearch = useSetSearch();
  const navigate = useNavigate();
  const narrow = useNarrow();
  const [paused, setPaused] = useState(false);
  const sorting = useSort(SORTS, 'timestamp');
  const { sort, order } = sorting;
  const newestFirst = sort === 'timestamp' && order === 'DESC';
  const filters = {
    term: search.term || undefined,
    ...Object.fromEntries(EXACT.map((name) => [name, search[name] || undefined])),
  };
  const rows = useRows(
    ['events', sort, order, filters],
    (pageNumber, signal) =>
      body(
        api.GET('/events', {
          params: { query: { ...filters, pageNumber, pageSize: PAGE_ROWS, sort, order } },
          signal,
        }),
      ),
    { pollMs: newestFirst && !paused ? TAIL_POLL_MS : undefined, rowKey, paused },
  );
  const onTerm = useSetText();
  const active = EXACT.filter((name) => search[name]);
  return (
    <Page
      title={texts.nav.events}
      lead={rows.total === undefined ? ' ' : texts.events.count(rows.total)}
      actions={
        <Button
          aria-pressed={paused}
          title={newestFirst ? texts.events.tailHint : texts.events.liveNeeds}
          disabled={!newestFirst}
          onClick={() => {
            if (paused) rows.waiting?.show();
            setPaused(!paused);
          }}
        >
          <span aria-hidden="true">{paused ? '▶' : '❚❚'}</span>{' '}
          {paused ? texts.events.resume : texts.events.pause}
        </Button>
      }
    >
      <Panel>
        <div className="flex flex-col gap-3 border-b border-line p-3">
          <div className="flex flex-wrap items-center gap-2">
            <Search label={texts.events.search} value={search.term ?? ''} onChange={onTerm} />
            {(active.length > 0 || search.term) && (
              <Button
                look="quiet"
                onClick={() =>
                  setSearch(Object.fromEntries(['term', ...EXACT].map((name) => [name, undefined])))
                }
              >
                {texts.identities.clear}
              </Button>
            )}
          </div>
          {/* Where there is little room, what they find comes first. */}
          <details open={active.length > 0 && !narrow}>
            <summary className="w-fit text-sm text-accent">
              {active.length > 0
                ? texts.identities.moreActive(active.length)
                : texts.identities.more}
            </summary>
            <div className="mt-3 grid gap-3 sm:grid-cols-2 lg:grid-cols-5">
              {EXACT.map((name) => (
                <Input
                  key={`${name} ${search[name] ?? ''}`}
                  label={texts.events.filters[name]}
                  defaultValue={search[name] ?? ''}
                  maxLength={256}
                  onBlur={(event) =>
                    event.target.value !== (search[name] ?? '') &&
                    setSearch({ [name]: event.target.value || undefined })
                  }
                  onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
                />
              ))}
            </div>
          </details>
        </div>
        <Table
          label={texts.nav.events}
          rows={rows}
          columns={COLUMNS}
          rowHeight={40}
          rowKey={rowKey}
          rowName={(row) => `${row.eventName}, ${moment(row.timestamp)}`}
          {...sorting}
          onOpen={(row) => navigate({ to: '/events/$id', params: { id: row.id } })}
          cardHeight={76}
          card={(row) => (
            <div className="flex min-w-0 flex-col gap-0.5">
              <span className="flex justify-between gap-2">
                <Link
                  to="/events/$id"
                  params={{ id: row.id }}
                  className="link truncate font-medium"
                >
                  <Said max={40}>{row.eventName}</Said>
                </Link>
                <Time at={row.timestamp} className="text-xs text-soft" />
              </span>
              <span className="truncate">
                {row.identity ? (
                  <IdentityLink id={row.identity.id} label={row.identity.label} />
                ) : (
                  texts.events.anonymous
                )}
              </span>
              <span className="truncate text-xs text-soft">
                <Said max={45}>{row.ip ?? ''}</Said>
              </span>
            </div>
          )}
          empty={
            active.length > 0 || search.term ? (
              <Empty title={texts.events.noneFound} />
            ) : (
              <Empty title={texts.events.none}>
                <Link to="/" className="link">
                  {texts.identities.noneHint}
                </Link>
              </Empty>
            )
          }
        />
      </Panel>
    </Page>
  );
}
