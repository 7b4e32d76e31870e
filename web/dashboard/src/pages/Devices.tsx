/** Every device that was seen, the latest first. */
import { Link, useNavigate } from '@tanstack/react-router';
import { api, body } from '../api/client';
import type { Device } from '../api/types';
import { Agent } from '../parts/Agent';
import { Tag } from '../parts/Badges';
import { Search } from '../parts/Field';
import { DeviceLink } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Empty } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetText, useSort } from '../parts/useSearch';
import { texts } from '../texts';

const SORTS = [
  'lastSeenAt',
  'firstSeenAt',
  'fingerprint',
  'ip',
  'userAgent',
  'country',
  'city',
] as const;

/** Where it is, as far as that is known. */
export function placeOf(device: Device): string {
  return [device.city, device.region, device.country].filter(Boolean).join(', ');
}

const COLUMNS: Column<Device>[] = [
  {
    key: 'device',
    head: texts.devices.device,
    width: '150px',
    sort: 'fingerprint',
    cell: (row) => <DeviceLink fingerprint={row.fingerprint} />,
  },
  {
    key: 'agent',
    head: texts.devices.agent,
    width: 'minmax(220px,2fr)',
    sort: 'userAgent',
    cell: (row) => <Agent text={row.userAgent} />,
  },
  {
    key: 'ip',
    head: texts.devices.ip,
    width: '150px',
    sort: 'ip',
    cell: (row) => <Said max={45}>{row.ip ?? ''}</Said>,
  },
  {
    key: 'place',
    head: texts.devices.place,
    width: 'minmax(110px,1fr)',
    sort: 'country',
    cell: (row) => <Said>{placeOf(row)}</Said>,
  },
  {
    key: 'state',
    head: '',
    width: '100px',
    cell: (row) => (row.disregarded ? <Tag>{texts.identities.disregarded}</Tag> : null),
  },
  {
    key: 'first',
    head: texts.devices.first,
    width: '105px',
    sort: 'firstSeenAt',
    cell: (row) => <Time at={row.firstSeenAt} className="text-soft" />,
  },
  {
    key: 'last',
    head: texts.devices.last,
    width: '105px',
    sort: 'lastSeenAt',
    cell: (row) => <Time at={row.lastSeenAt} className="text-soft" />,
  },
];

const rowKey = (row: Device) => row.fingerprint;

export default function Devices() {
  const navigate = useNavigate();
  const { term } = useSearch();
  const sorting = useSort(SORTS, 'lastSeenAt');
  const { sort, order } = sorting;
  const rows = useRows(
    ['devices', sort, order, term ?? ''],
    (pageNumber, signal) =>
      body(
        api.GET('/devices', {
          params: { query: { pageNumber, pageSize: PAGE_ROWS, sort, order, term } },
          signal,
        }),
      ),
    { rowKey },
  );
  const onTerm = useSetText();
  return (
    <Page
      title={texts.nav.devices}
      lead={rows.total === undefined ? ' ' : texts.devices.found(rows.total)}
    >
      <Panel>
        <div className="border-b border-line p-3">
          <Search label={texts.devices.search} value={term ?? ''} onChange={onTerm} />
        </div>
        <Table
          label={texts.nav.devices}
          rows={rows}
          columns={COLUMNS}
          rowKey={rowKey}
          rowName={(row) => row.fingerprint}
          {...sorting}
          onOpen={(row) =>
            navigate({ to: '/devices/$fingerprint', params: { fingerprint: row.fingerprint } })
          }
          cardHeight={100}
          card={(row) => (
            <div className="flex min-w-0 flex-col gap-0.5">
              <span className="flex justify-between gap-2">
                <DeviceLink fingerprint={row.fingerprint} />
                <Time at={row.lastSeenAt} className="text-xs text-soft" />
              </span>
              <Agent text={row.userAgent} />
              <span className="truncate text-xs text-soft">
                <Said max={45}>{row.ip ?? ''}</Said> {placeOf(row)}
              </span>
            </div>
          )}
          empty={
            term ? (
              <Empty title={texts.devices.noneFound} />
            ) : (
              <Empty title={texts.devices.none}>
                <Link to="/" className="link">
                  {texts.devices.noneHint}
                </Link>
              </Empty>
            )
          }
        />
      </Panel>
    </Page>
  );
}
