/** From which addresses the identity came: on a map as far as the countries are known, and as a table. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { api, body } from '../../api/client';
import type { Device, Event } from '../../api/types';
import { type Address, addressesOf, located } from '../../lib/addresses';
import { ago } from '../../lib/format';
import { centreOf } from '../../lib/world';
import { Tag } from '../../parts/Badges';
import { Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { Time, useNow } from '../../parts/Time';
import type { Spot } from '../../parts/WorldMap';
import { texts } from '../../texts';

const WorldMap = lazy(() => import('../../parts/WorldMap'));

const PAGE = 100;
/** Of the latest events: enough to know where somebody usually is. */
const PAGES_MAX = 5;
/** Of which network and company are asked for. */
const ASKED_MAX = 12;
const FRESH_MS = 60_000;

async function latestEvents(identity: string, signal: AbortSignal) {
  const events: Event[] = [];
  for (let pageNumber = 0; pageNumber < PAGES_MAX; pageNumber += 1) {
    const page = await body(
      api.GET('/events', { params: { query: { identity, pageNumber, pageSize: PAGE } }, signal }),
    );
    events.push(...page.content);
    if (page.last) return { events, total: page.totalElements };
  }
  return { events, total: Number.POSITIVE_INFINITY };
}

export function AddressesTab({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ['identity', id, 'addresses'],
    queryFn: async ({ signal }) => {
      const [{ events, total }, devices] = await Promise.all([
        latestEvents(id, signal),
        body(api.GET('/devices', { params: { query: { identity: id, pageSize: PAGE } }, signal })),
      ]);
      return { events, all: total <= events.length, devices: devices.content };
    },
  });
  return (
    <Panel title={texts.addresses.title}>
      <Fetched query={query} lines={8}>
        {({ events, all, devices }) => {
          const addresses = addressesOf(events, devices);
          if (addresses.length === 0)
            return <Empty title={texts.addresses.none}>{texts.addresses.noneHint}</Empty>;
          return (
            <>
              <Known addresses={addresses} own={devices} />
              {!all && (
                <p className="border-t border-line px-4 py-2.5 text-xs text-soft">
                  {texts.addresses.latest(events.length)}
                </p>
              )}
            </>
          );
        }}
      </Fetched>
    </Panel>
  );
}

/** What else is known of an address: its network, and the devices last seen there. */
function useSurroundings(addresses: Address[]) {
  return useQueries({
    queries: addresses.slice(0, ASKED_MAX).map(({ ip }) => ({
      queryKey: ['address', ip],
      staleTime: FRESH_MS,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const [network, devices] = await Promise.all([
          body(
            api.GET('/datasets/{slug}/entries', {
              params: { path: { slug: 'networks' }, query: { term: ip, pageSize: 1 } },
              signal,
            }),
          ),
          body(api.GET('/devices', { params: { query: { term: ip, pageSize: PAGE } }, signal })),
        ]);
        return { network: network.content[0], devices };
      },
    })),
  });
}

type Surroundings = ReturnType<typeof useSurroundings>[number]['data'];

function Known({ addresses, own }: { addresses: Address[]; own: Device[] }) {
  const around = useSurroundings(addresses);
  const told = addresses.map((address, at) =>
    address.countryCode
      ? address
      : located({ ...address }, around[at]?.data?.devices.content ?? []),
  );
  const spots = spotsOf(told);
  const fingerprints = new Set(own.map((device) => device.fingerprint));
  return (
    <>
      {spots.length > 0 && (
        <div className="border-b border-line bg-canvas p-4">
          <Suspense fallback={<div className="skeleton h-60" />}>
            <WorldMap label={texts.addresses.map(spots.map((spot) => spot.name))} spots={spots} />
          </Suspense>
        </div>
      )}
      <div className="overflow-x-auto">
        <table className="w-full text-left max-md:block">
          <thead className="border-b border-line text-xs text-soft max-md:sr-only">
            <tr>
              {texts.addresses.heads.map((head) => (
                <th key={head} scope="col" className="px-4 py-2 font-medium">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="max-md:block">
            {told.map((address, at) => (
              <Row
                key={address.ip}
                address={address}
                around={around[at]?.data}
                waiting={around[at]?.isPending ?? false}
                own={fingerprints}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({
  address,
  around,
  waiting,
  own,
}: {
  address: Address;
  around: Surroundings;
  waiting: boolean;
  own: Set<string>;
}) {
  // The search finds longer addresses too.
  const others = around?.devices.content.filter(
    (device) => device.ip === address.ip && !own.has(device.fingerprint),
  ).length;
  const cell = 'md:table-cell md:px-4 md:py-2.5 align-top';
  return (
    <tr className="border-b border-line last:border-0 max-md:grid max-md:grid-cols-2 max-md:gap-x-4 max-md:gap-y-0.5 max-md:px-4 max-md:py-2.5">
      <th scope="row" className={`${cell} font-medium max-md:col-span-2`}>
        <Said max={45}>{address.ip}</Said>
      </th>
      <td className={cell}>
        {around?.network ? (
          <span className="flex flex-wrap items-center gap-1.5">
            <Tag look={around.network.value === 'hosting' ? 'warning' : 'plain'}>
              {texts.addresses.kinds[around.network.value] ?? around.network.value}
            </Tag>
            <Said max={40}>{around.network.note ?? ''}</Said>
          </span>
        ) : (
          <span className="text-soft">{waiting ? '…' : texts.addresses.plain}</span>
        )}
      </td>
      <td className={`${cell} max-md:text-right`}>
        {address.country ?? <span className="text-soft">{texts.common.unknown}</span>}
      </td>
      <td className={`${cell} tabular-nums`}>{texts.addresses.events(address.events)}</td>
      <td className={`${cell} text-soft max-md:text-right`}>
        <Span from={address.firstAt} to={address.lastAt} />
      </td>
      <td className={`${cell} max-md:col-span-2`}>
        {others ? (
          <Link to="/devices" search={{ term: address.ip }} className="link">
            {texts.addresses.others(others, !around.devices.last)}
          </Link>
        ) : (
          <span className="text-soft">
            {others === 0 ? texts.addresses.alone : waiting ? '…' : '–'}
          </span>
        )}
      </td>
    </tr>
  );
}

function Span({ from, to }: { from: string; to: string }) {
  const now = useNow();
  if (ago(from, now) === ago(to, now)) return <Time at={to} />;
  return (
    <>
      <Time at={from} /> – <Time at={to} />
    </>
  );
}

/** A spot a country, or a place where that is known. */
function spotsOf(addresses: Address[]): Spot[] {
  const spots = new Map<string, Spot>();
  for (const { at, countryCode, country, events } of addresses) {
    const where = at ?? (countryCode && centreOf(countryCode));
    if (!where) continue;
    const key = where.join(' ');
    const spot = spots.get(key) ?? { key, name: country ?? '', at: where, count: 0 };
    spot.count += Math.max(1, events);
    spots.set(key, spot);
  }
  return [...spots.values()].sort((a, b) => b.count - a.count);
}
