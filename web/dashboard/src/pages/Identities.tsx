/** Everybody: find, narrow, sort, act on many, take away as CSV. */
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { api, body } from '../api/client';
import { CATEGORIES, type Identity, scoreOf } from '../api/types';
import { narrowing, readFilters } from '../lib/filters';
import { Badges, Tag } from '../parts/Badges';
import { BulkBar } from '../parts/BulkBar';
import { Button } from '../parts/Button';
import { ExportButton } from '../parts/Export';
import { LabelTag } from '../parts/Label';
import { Who } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Score, ScoreRow } from '../parts/Score';
import { Empty } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { useRights } from '../parts/useMe';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetSearch, useSetText } from '../parts/useSearch';
import { texts } from '../texts';
import { Filters } from './identities/Filters';
import { Views } from './identities/Views';

const POLL_MS = 15_000;

const COLUMNS: Column<Identity>[] = [
  {
    key: 'who',
    head: texts.identities.who,
    width: 'minmax(190px,1fr)',
    sort: 'displayName',
    cell: (row) => <Who id={row.id} name={row.displayName} />,
  },
  {
    key: 'email',
    head: texts.identities.email,
    width: 'minmax(150px,1fr)',
    sort: 'displayEmail',
    cell: (row) => <Said max={48}>{row.displayEmail ?? row.displayUsername ?? ''}</Said>,
  },
  ...CATEGORIES.map((category) => ({
    key: category,
    head: texts.categories[category].name,
    width: '92px',
    sort: `${category.toLowerCase()}Score`,
    cell: (row: Identity) => <Score value={scoreOf(row, category)} />,
  })),
  {
    key: 'badges',
    head: texts.identities.badges,
    width: 'minmax(150px,1.5fr)',
    cell: (row) => (
      <span className="flex min-w-0 items-center gap-1">
        <Marks row={row} />
      </span>
    ),
  },
  {
    key: 'active',
    head: texts.identities.active,
    width: '92px',
    sort: 'lastTrackedAt',
    cell: (row) => <Time at={row.lastTrackedAt} className="text-soft" />,
  },
];

const rowKey = (row: Identity) => row.id;

export default function Identities() {
  const search = useSearch();
  const filters = useMemo(() => readFilters(search), [search]);
  const setSearch = useSetSearch();
  const navigate = useNavigate();
  const { write } = useRights();
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const rows = useRows(
    ['identities', filters],
    (pageNumber, signal) =>
      body(
        api.GET('/identities', {
          params: { query: { ...filters, pageNumber, pageSize: PAGE_ROWS } },
          signal,
        }),
      ),
    { pollMs: POLL_MS, rowKey },
  );
  const onTerm = useSetText();
  const toggle = (key: string) =>
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  const clear = () =>
    setSearch(Object.fromEntries(Object.keys(search).map((key) => [key, undefined])));

  return (
    <Page
      title={texts.identities.title}
      lead={
        rows.total === undefined ? ' ' : texts.identities.found(rows.total, narrowing(filters) > 0)
      }
      actions={
        <>
          <Views filters={filters} />
          <ExportButton filters={filters} total={rows.total} />
        </>
      }
    >
      <Panel>
        <Filters
          filters={filters}
          rows={rows.at}
          onTerm={onTerm}
          onChange={setSearch}
          onClear={clear}
        />
        {selected.size > 0 && (
          <BulkBar ids={[...selected]} onClear={() => setSelected(new Set())} />
        )}
        <Table
          label={texts.identities.title}
          rows={rows}
          columns={COLUMNS}
          rowKey={rowKey}
          rowName={(row) => row.displayName ?? row.id}
          sort={filters.sort ?? 'updatedAt'}
          order={filters.order ?? 'DESC'}
          onSort={(sort, order) => setSearch({ sort, order })}
          onOpen={(row) => navigate({ to: '/identities/$id', params: { id: row.id } })}
          selection={write ? { has: (key) => selected.has(key), toggle } : undefined}
          minWidth={1040}
          card={(row) => <Card row={row} />}
          empty={
            narrowing(filters) > 0 ? (
              <Empty title={texts.identities.noneFound}>
                <Button onClick={clear}>{texts.identities.clear}</Button>
              </Empty>
            ) : (
              <Empty title={texts.identities.none}>
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

/** What was decided about it, and what rules say. */
function Marks({ row }: { row: Identity }) {
  return (
    <>
      {row.disregarded && <Tag>{texts.identities.disregarded}</Tag>}
      {row.label && <LabelTag label={row.label} />}
      <Badges badges={row.badges} />
    </>
  );
}

function Card({ row }: { row: Identity }) {
  return (
    <div className="flex min-w-0 flex-col gap-2 py-1.5">
      <div className="flex items-start justify-between gap-2">
        <Who id={row.id} name={row.displayName} />
        <Time at={row.lastTrackedAt} className="text-xs text-soft" />
      </div>
      <ScoreRow scores={row} />
      <div className="flex h-5 items-center gap-1 overflow-hidden">
        <Marks row={row} />
      </div>
    </div>
  );
}
