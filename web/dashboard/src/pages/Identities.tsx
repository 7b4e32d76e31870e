/** Everybody: find, narrow, sort, act on many, take away as CSV. */
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { api, body } from '../api/client';
import { badgeRulesQuery, NAMES_STALE_MS } from '../api/queries';
import { CATEGORIES, type Identity, scoreOf } from '../api/types';
import {
  type IdentityFilters,
  LABEL_FILTERS,
  narrowing,
  rangeKeys,
  readFilters,
  stringifySearch,
  without,
} from '../lib/filters';
import { removeView, saveView, useViews, VIEW_NAME_CHARS_MAX } from '../lib/views';
import { Badges, Tag } from '../parts/Badges';
import { BulkBar } from '../parts/BulkBar';
import { Button } from '../parts/Button';
import { Dialog, useOpen } from '../parts/Dialog';
import { ExportButton } from '../parts/Export';
import { Input, Search, Select } from '../parts/Field';
import { LabelTag } from '../parts/Label';
import { Who } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { Range } from '../parts/Range';
import { Said } from '../parts/Said';
import { Score, ScoreRow } from '../parts/Score';
import { Empty } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { tell } from '../parts/Toasts';
import { useRights } from '../parts/useMe';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetSearch } from '../parts/useSearch';
import { texts } from '../texts';

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
        {row.disregarded && <Tag>{texts.identities.disregarded}</Tag>}
        {row.label && <LabelTag label={row.label} />}
        <Badges badges={row.badges} />
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

const LABEL_OPTIONS = [
  ['', texts.labels.anything],
  ...LABEL_FILTERS.map((one) => [one, texts.labels.filtered(one)] as const),
] as const;

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
  const onTerm = useCallback((term: string) => setSearch({ term: term || undefined }), [setSearch]);
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

function Card({ row }: { row: Identity }) {
  return (
    <div className="flex min-w-0 flex-col gap-2 py-1.5">
      <div className="flex items-start justify-between gap-2">
        <Who id={row.id} name={row.displayName} />
        <Time at={row.lastTrackedAt} className="text-xs text-soft" />
      </div>
      <ScoreRow scores={row} />
      <div className="flex h-5 items-center gap-1 overflow-hidden">
        {row.disregarded && <Tag>{texts.identities.disregarded}</Tag>}
        {row.label && <LabelTag label={row.label} />}
        <Badges badges={row.badges} />
      </div>
    </div>
  );
}

function Filters({
  filters,
  rows,
  onTerm,
  onChange,
  onClear,
}: {
  filters: IdentityFilters;
  rows: (index: number) => Identity | undefined;
  onTerm: (term: string) => void;
  onChange: (changed: Record<string, string | number | boolean | undefined>) => void;
  onClear: () => void;
}) {
  const count = narrowing(filters);
  const more = narrowing({ ...filters, term: undefined, badge: undefined, label: undefined });
  return (
    <div className="flex flex-col gap-3 border-b border-line p-3">
      <div className="flex flex-wrap items-center gap-2">
        <Search label={texts.identities.search} value={filters.term ?? ''} onChange={onTerm} />
        <BadgeSelect value={filters.badge} rows={rows} onChange={(badge) => onChange({ badge })} />
        <Select
          label={texts.labels.filter}
          value={filters.label ?? ''}
          options={LABEL_OPTIONS}
          onChange={(label) => onChange({ label: label || undefined })}
        />
        <Select
          label={texts.identities.disregardedFilter}
          value={filters.disregarded === undefined ? '' : String(filters.disregarded)}
          options={texts.identities.disregardedOptions}
          onChange={(value) => onChange({ disregarded: value || undefined })}
        />
        <Select
          label={texts.identities.sort}
          value={`${filters.sort ?? 'updatedAt'} ${filters.order ?? 'DESC'}`}
          options={texts.identities.sorts}
          onChange={(value) => {
            const [sort, order] = value.split(' ');
            onChange({ sort, order });
          }}
        />
        {count > 0 && (
          <Button look="quiet" onClick={onClear}>
            {texts.identities.clear}
          </Button>
        )}
      </div>
      <details open={more > 0} className="group">
        <summary className="w-fit text-sm text-accent">
          {more > 0 ? texts.identities.moreActive(more) : texts.identities.more}
        </summary>
        <div className="mt-3 grid grid-cols-1 gap-x-6 gap-y-3 sm:grid-cols-2 lg:grid-cols-4">
          {CATEGORIES.map((category) => {
            const [min, max] = rangeKeys(category);
            return (
              <Range
                key={category}
                category={category}
                min={filters[min] ?? 0}
                max={filters[max] ?? 100}
                onChange={(low, high) =>
                  onChange({
                    [min]: low > 0 ? low : undefined,
                    [max]: high < 100 ? high : undefined,
                  })
                }
              />
            );
          })}
          <Exact
            label={texts.identities.group}
            value={filters.group}
            onChange={(group) => onChange({ group })}
          />
          <Exact
            label={texts.identities.groupType}
            value={filters.groupType}
            onChange={(groupType) => onChange({ groupType })}
          />
          <Exact
            label={texts.identities.device}
            value={filters.device}
            onChange={(device) => onChange({ device })}
          />
        </div>
      </details>
    </div>
  );
}

/** A field whose text must match whole: it is applied when it is left or confirmed. */
function Exact({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  return (
    <Input
      key={value ?? ''}
      label={label}
      defaultValue={value ?? ''}
      maxLength={256}
      onBlur={(event) =>
        event.target.value !== (value ?? '') && onChange(event.target.value || undefined)
      }
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  );
}

/** How many rows are asked for badges that no rule gives. */
const ROWS_ASKED = 50;

function BadgeSelect({
  value,
  rows,
  onChange,
}: {
  value: string | undefined;
  rows: (index: number) => Identity | undefined;
  onChange: (badge: string | undefined) => void;
}) {
  const { data } = useQuery({ ...badgeRulesQuery, staleTime: NAMES_STALE_MS });
  const names = new Map<string, string>(data?.map((rule) => [rule.slug, rule.name]));
  for (let index = 0; index < ROWS_ASKED; index += 1) {
    for (const badge of rows(index)?.badges ?? []) names.set(badge.slug, badge.name);
  }
  if (value && !names.has(value)) names.set(value, value);
  const sorted = [...names].sort((a, b) => a[1].localeCompare(b[1]));
  return (
    <Select
      label={texts.identities.badge}
      value={value ?? ''}
      options={[['', texts.identities.anyBadge], ...sorted]}
      onChange={(slug) => onChange(slug || undefined)}
    />
  );
}

function Views({ filters }: { filters: IdentityFilters }) {
  const views = useViews();
  const navigate = useNavigate();
  const [saving, open, close] = useOpen();
  const [name, setName] = useState('');
  const search = stringifySearch({ ...without(filters) }).slice(1);
  const current = views.find((view) => view.search === search);
  return (
    <>
      {views.length > 0 && (
        <Select
          label={texts.views.label}
          value={current?.name ?? ''}
          options={[
            ['', texts.views.choose],
            ...views.map((view) => [view.name, view.name] as const),
          ]}
          onChange={(chosen) => {
            const view = views.find((one) => one.name === chosen);
            if (view)
              navigate({
                to: '/identities',
                search: Object.fromEntries(new URLSearchParams(view.search)),
              });
          }}
        />
      )}
      {current ? (
        <Button
          onClick={() => {
            removeView(current.name);
            tell(texts.views.removed(current.name), () => saveView(current.name, current.search));
          }}
        >
          {texts.views.remove}
        </Button>
      ) : (
        <Button onClick={open}>{texts.views.save}</Button>
      )}
      {saving && (
        <Dialog title={texts.views.save} onClose={close}>
          <form
            className="flex flex-col gap-4"
            onSubmit={(event) => {
              event.preventDefault();
              saveView(name, search);
              tell(texts.views.saved(name.trim()));
              setName('');
              close();
            }}
          >
            <Input
              label={texts.views.name}
              hint={texts.views.hint}
              required
              maxLength={VIEW_NAME_CHARS_MAX}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <div className="flex justify-end gap-2">
              <Button onClick={close}>{texts.common.cancel}</Button>
              <Button type="submit" look="main" disabled={!name.trim()}>
                {texts.common.save}
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
