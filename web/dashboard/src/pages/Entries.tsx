/** The entries of a dataset: found, added, overruled, pasted and removed. */
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { Dataset, Entry } from '../api/types';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Coded } from '../parts/Coded';
import { Choice, Search } from '../parts/Field';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Empty, Fetched } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetSearch, useSetText } from '../parts/useSearch';
import { texts } from '../texts';
import { drop, put, TOUCHES } from './entries/change';
import { EntryForm } from './entries/EntryForm';
import { Import } from './entries/Import';

const SCOPES = ['', 'CUSTOMER', 'GLOBAL'] as const;
const SCOPE_NAMES = {
  '': texts.datasets.both,
  CUSTOMER: texts.datasets.own,
  GLOBAL: texts.datasets.shipped,
};

export default function Entries() {
  const { slug } = useParams({ strict: false }) as { slug: string };
  const query = useQuery({
    queryKey: ['datasets', slug],
    queryFn: ({ signal }) =>
      body(api.GET('/datasets/{slug}', { params: { path: { slug } }, signal })),
  });
  if (query.data) return <Shown dataset={query.data} />;
  return (
    <Page title={texts.datasets.title}>
      <Panel>
        <Fetched query={query}>{() => null}</Fetched>
      </Panel>
    </Page>
  );
}

type Asked = { what: 'entry'; entry?: Entry } | { what: 'import' } | null;

function Shown({ dataset }: { dataset: Dataset }) {
  const { write } = useRights();
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  return (
    <Page
      title={dataset.title}
      lead={
        <p className="max-w-prose">
          <Coded>{dataset.description}</Coded>
        </p>
      }
      actions={
        write && (
          <>
            <Button onClick={() => setAsked({ what: 'import' })}>{texts.datasets.import}</Button>
            <Button look="main" onClick={() => setAsked({ what: 'entry' })}>
              {texts.datasets.add}
            </Button>
          </>
        )
      }
    >
      <p className="text-sm text-soft">
        {texts.datasets.entries(dataset.customerEntries, dataset.globalEntries)}.{' '}
        {texts.datasets.full(dataset.customerEntriesMax)} {texts.datasets.readBy}{' '}
        <code className="text-xs break-words">{dataset.readBy.join(', ')}</code>
      </p>
      <List
        dataset={dataset}
        write={write}
        onEntry={(entry) => setAsked({ what: 'entry', entry })}
      />
      {asked?.what === 'entry' && (
        <EntryForm dataset={dataset} entry={asked.entry} onClose={close} />
      )}
      {asked?.what === 'import' && <Import dataset={dataset} onClose={close} />}
    </Page>
  );
}

function List({
  dataset,
  write,
  onEntry,
}: {
  dataset: Dataset;
  write: boolean;
  onEntry: (entry: Entry) => void;
}) {
  const { slug } = dataset;
  const { term, scope: given } = useSearch();
  const setSearch = useSetSearch();
  const scope = SCOPES.find((one) => one === given) ?? '';
  const rows = useRows(['datasets', slug, 'entries', scope, term ?? ''], (pageNumber, signal) =>
    body(
      api.GET('/datasets/{slug}/entries', {
        params: {
          path: { slug },
          query: { pageNumber, pageSize: PAGE_ROWS, term, scope: scope || undefined },
        },
        signal,
      }),
    ),
  );
  const remove = useAct({
    act: (entry: Entry) => drop(slug, entry.key),
    done: (entry) => texts.datasets.removed(entry.key),
    undo: ({ key, value, note }) => put(slug, { key, value, note }),
    touches: TOUCHES,
  });
  const onTerm = useSetText();
  const acts = (entry: Entry) =>
    write && (
      <span className="flex gap-2">
        <Button small onClick={() => onEntry(entry)}>
          {entry.scope === 'CUSTOMER' ? texts.datasets.change : texts.datasets.overrule}
        </Button>
        {entry.scope === 'CUSTOMER' && (
          <Button small look="danger" onClick={() => remove.mutate(entry)}>
            {texts.datasets.remove}
          </Button>
        )}
      </span>
    );
  const columns: Column<Entry>[] = [
    {
      key: 'key',
      head: texts.datasets.key,
      width: 'minmax(180px,2fr)',
      cell: (entry) => <Said max={80}>{entry.key}</Said>,
    },
    { key: 'value', head: texts.datasets.value, width: '110px', cell: (entry) => entry.value },
    { key: 'scope', head: '', width: '80px', cell: (entry) => <Scope entry={entry} /> },
    {
      key: 'note',
      head: texts.datasets.note,
      width: 'minmax(140px,2fr)',
      cell: (entry) => (
        <span className="text-soft">
          <Said>{entry.note ?? ''}</Said>
        </span>
      ),
    },
    {
      key: 'by',
      head: '',
      width: '200px',
      cell: (entry) => (entry.updatedBy ? <By entry={entry} /> : null),
    },
    { key: 'acts', head: '', width: '160px', cell: acts },
  ];
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <Choice
          label={texts.datasets.scope}
          value={scope}
          options={SCOPES.map((one) => [one, SCOPE_NAMES[one]] as const)}
          onChange={(one) => setSearch({ scope: one || undefined })}
        />
        <Search label={texts.datasets.search} value={term ?? ''} onChange={onTerm} />
        <span className="text-sm text-soft" aria-live="polite">
          {rows.total !== undefined && texts.datasets.found(rows.total)}
        </span>
      </div>
      <Table
        label={dataset.title}
        rows={rows}
        columns={columns}
        rowKey={(entry) => `${entry.scope} ${entry.key}`}
        rowName={(entry) => entry.key}
        minWidth={860}
        cardHeight={96}
        card={(entry) => (
          <div className="flex min-w-0 flex-col gap-1">
            <span className="flex items-center justify-between gap-2">
              <Said max={60} className="truncate font-medium">
                {entry.key}
              </Said>
              <Scope entry={entry} />
            </span>
            <span className="truncate text-xs text-soft">
              {entry.value} <Said max={60}>{entry.note ?? ''}</Said>
            </span>
            {acts(entry)}
          </div>
        )}
        empty={
          scope === 'CUSTOMER' && !term ? (
            <Empty title={texts.datasets.noneOwn}>{texts.datasets.noneOwnHint}</Empty>
          ) : (
            <Empty title={texts.datasets.none} />
          )
        }
      />
    </Panel>
  );
}

function Scope({ entry }: { entry: Entry }) {
  const own = entry.scope === 'CUSTOMER';
  return (
    <Tag look={own ? 'accent' : 'plain'}>{own ? texts.datasets.own : texts.datasets.shipped}</Tag>
  );
}

function By({ entry }: { entry: Entry }) {
  return (
    <span className="text-xs text-soft">
      <Said max={24}>{entry.updatedBy ?? ''}</Said> <Time at={entry.updatedAt} />
    </span>
  );
}
