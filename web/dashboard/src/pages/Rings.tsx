/** Accounts that are very probably one person's, the riskiest first. */
import { Link, useNavigate } from '@tanstack/react-router';
import { api, body } from '../api/client';
import type { Ring } from '../api/types';
import { bandOf } from '../lib/bands';
import { number, percent } from '../lib/format';
import { Select } from '../parts/Field';
import { IdentityLink } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { INK } from '../parts/Score';
import { Empty } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetSearch, useSort } from '../parts/useSearch';
import { texts } from '../texts';

const SORTS = ['risk', 'size', 'growth', 'updatedAt', 'createdAt'] as const;
const SIZES = ['', '3', '5', '10', '25', '100'] as const;

export function Risk({ risk }: { risk: number }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span className={`w-7 text-right font-semibold tabular-nums ${INK[bandOf(100 - risk)]}`}>
        {risk}
      </span>
      <span className="h-1.5 w-16 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
        <span className="block h-full bg-critical-fill" style={{ width: `${risk}%` }} />
      </span>
    </span>
  );
}

const COLUMNS: Column<Ring>[] = [
  {
    key: 'ring',
    head: texts.rings.ring,
    width: 'minmax(170px,1fr)',
    sort: 'size',
    cell: (row) => (
      <Link to="/rings/$id" params={{ id: row.id }} className="link font-medium">
        {texts.rings.of(number(row.size))}
      </Link>
    ),
  },
  {
    key: 'risk',
    head: texts.rings.riskHead,
    width: '130px',
    sort: 'risk',
    cell: (row) => <Risk risk={row.risk} />,
  },
  {
    key: 'growth',
    head: texts.rings.growth,
    width: '110px',
    sort: 'growth',
    cell: (row) => (row.growth > 0 ? `+${number(row.growth)}` : '0'),
  },
  {
    key: 'density',
    head: texts.rings.density,
    width: '110px',
    cell: (row) => percent(row.density),
  },
  {
    key: 'main',
    head: texts.rings.main,
    width: 'minmax(140px,1fr)',
    cell: (row) =>
      row.mainAccountId ? (
        <IdentityLink id={row.mainAccountId} />
      ) : (
        <span className="text-soft">–</span>
      ),
  },
  {
    key: 'changed',
    head: texts.rings.changed,
    width: '110px',
    sort: 'updatedAt',
    cell: (row) => <Time at={row.updatedAt} className="text-soft" />,
  },
  {
    key: 'since',
    head: texts.rings.since,
    width: '110px',
    sort: 'createdAt',
    cell: (row) => <Time at={row.createdAt} className="text-soft" />,
  },
];

const rowKey = (row: Ring) => row.id;

export default function Rings() {
  const search = useSearch();
  const setSearch = useSetSearch();
  const navigate = useNavigate();
  const sorting = useSort(SORTS, 'risk');
  const { sort, order } = sorting;
  const size = SIZES.find((one) => one === search.minSize) ?? '';
  const rows = useRows(
    ['rings', 'list', sort, order, size],
    (pageNumber, signal) =>
      body(
        api.GET('/rings', {
          params: {
            query: {
              pageNumber,
              pageSize: PAGE_ROWS,
              sort,
              order,
              minSize: size ? Number(size) : undefined,
            },
          },
          signal,
        }),
      ),
    { rowKey },
  );
  return (
    <Page
      title={texts.nav.rings}
      lead={rows.total ? texts.rings.found(rows.total) : texts.rings.lead}
    >
      <Panel>
        <div className="flex flex-wrap gap-2 border-b border-line p-3">
          <Select
            label={texts.rings.size}
            value={size}
            options={SIZES.map(
              (one) => [one, one ? texts.rings.atLeast(one) : texts.rings.anySize] as const,
            )}
            onChange={(value) => setSearch({ minSize: value || undefined })}
          />
        </div>
        <Table
          label={texts.nav.rings}
          rows={rows}
          columns={COLUMNS}
          rowKey={rowKey}
          rowName={(row) => texts.rings.of(number(row.size))}
          {...sorting}
          onOpen={(row) => navigate({ to: '/rings/$id', params: { id: row.id } })}
          cardHeight={72}
          card={(row) => (
            <div className="flex items-center justify-between gap-3">
              <span>
                <Link to="/rings/$id" params={{ id: row.id }} className="link block font-medium">
                  {texts.rings.of(number(row.size))}
                </Link>
                <span className="text-xs text-soft">
                  {texts.rings.changed} <Time at={row.updatedAt} />
                </span>
              </span>
              <Risk risk={row.risk} />
            </div>
          )}
          empty={<Empty title={texts.rings.none}>{texts.rings.noneHint}</Empty>}
        />
      </Panel>
    </Page>
  );
}
