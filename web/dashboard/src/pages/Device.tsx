/** One device: what it is, who was seen on it, what happened there. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api, body } from '../api/client';
import type { Device as DeviceView } from '../api/types';
import { number } from '../lib/format';
import { Badges, Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Copy } from '../parts/Copy';
import { Confirm, useOpen } from '../parts/Dialog';
import { EventList } from '../parts/EventList';
import { Who } from '../parts/Links';
import { Facts, Page, Panel } from '../parts/Page';
import { Said, SaidAll } from '../parts/Said';
import { ScoreRow } from '../parts/Score';
import { Empty, Failed, Fetched, Loading } from '../parts/States';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';
import { placeOf } from './Devices';

const SHOWN = 25;

export default function Device() {
  const { fingerprint } = useParams({ from: '/devices/$fingerprint' });
  const query = useQuery({
    queryKey: ['device', fingerprint],
    queryFn: ({ signal }) =>
      body(api.GET('/devices/{fingerprint}', { params: { path: { fingerprint } }, signal })),
  });
  const people = useQuery({
    queryKey: ['identities', 'device', fingerprint],
    queryFn: ({ signal }) =>
      body(
        api.GET('/identities', {
          params: { query: { device: fingerprint, pageSize: SHOWN } },
          signal,
        }),
      ),
  });
  const events = useQuery({
    queryKey: ['events', 'device', fingerprint],
    queryFn: ({ signal }) =>
      body(
        api.GET('/events', { params: { query: { device: fingerprint, pageSize: SHOWN } }, signal }),
      ),
  });
  const device = query.data;
  return (
    <Page
      title={texts.devices.title1}
      heading={
        <span className="flex flex-wrap items-center gap-2">
          {texts.devices.title1}
          <Said max={64} className="font-mono text-sm font-normal text-soft">
            {fingerprint}
          </Said>
          {device?.disregarded && <Tag>{texts.identities.disregarded}</Tag>}
        </span>
      }
      actions={device && <Actions device={device} />}
    >
      {query.error && !device ? <Failed error={query.error} retry={query.refetch} /> : null}
      {query.isPending && <Loading lines={6} />}
      {device && (
        <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
          <div className="flex flex-col gap-4">
            <Panel
              title={texts.devices.about}
              actions={<Copy text={device.fingerprint} label={texts.devices.copy} />}
            >
              <div className="p-4">
                <About device={device} />
              </div>
            </Panel>
            <Panel
              title={
                people.data ? texts.devices.people(people.data.totalElements) : texts.nav.identities
              }
            >
              <Fetched query={people}>
                {(found) =>
                  found.content.length === 0 ? (
                    <Empty title={texts.devices.nobody} />
                  ) : (
                    <ul>
                      {found.content.map((identity) => (
                        <li
                          key={identity.id}
                          className="flex flex-col gap-2 border-b border-line px-4 py-2.5 last:border-0"
                        >
                          <span className="flex flex-wrap items-start justify-between gap-x-3 gap-y-1">
                            <Who id={identity.id} name={identity.displayName} />
                            <Badges badges={identity.badges} />
                          </span>
                          <ScoreRow scores={identity} />
                        </li>
                      ))}
                      {found.totalElements > found.content.length && (
                        <li className="px-4 py-2.5">
                          <Link to="/identities" search={{ device: fingerprint }} className="link">
                            {texts.devices.all(number(found.totalElements))}
                          </Link>
                        </li>
                      )}
                    </ul>
                  )
                }
              </Fetched>
            </Panel>
          </div>
          <Panel
            title={events.data ? texts.events.count(events.data.totalElements) : texts.nav.events}
            actions={
              <Link to="/events" search={{ device: fingerprint }} className="link text-sm">
                {texts.events.allOf}
              </Link>
            }
          >
            <Fetched query={events} lines={8}>
              {(found) =>
                found.content.length === 0 ? (
                  <Empty title={texts.events.none} />
                ) : (
                  <EventList events={found.content} withIdentity />
                )
              }
            </Fetched>
          </Panel>
        </div>
      )}
    </Page>
  );
}

function About({ device }: { device: DeviceView }) {
  const unknown = <span className="text-soft">{texts.common.unknown}</span>;
  const said = (text: string | null | undefined) => (text ? <SaidAll>{text}</SaidAll> : unknown);
  const map =
    device.latitude != null && device.longitude != null
      ? `${device.latitude.toFixed(2)}, ${device.longitude.toFixed(2)}`
      : null;
  return (
    <Facts
      facts={[
        [texts.devices.agent, said(device.userAgent)],
        [texts.devices.ip, said(device.ip)],
        [texts.devices.network, said([device.asn, device.asnLabel].filter(Boolean).join(' '))],
        [texts.devices.place, said(placeOf(device))],
        ...(map ? ([[texts.devices.coordinates, map]] as [string, string][]) : []),
        [texts.devices.timezone, said(device.timezone)],
        [texts.devices.first, <Time key="first" at={device.firstSeenAt} />],
        [texts.devices.last, <Time key="last" at={device.lastSeenAt} />],
      ]}
    />
  );
}

function Actions({ device }: { device: DeviceView }) {
  const { write } = useRights();
  const [asking, open, close] = useOpen();
  const { fingerprint } = device;
  const set = (disregarded: boolean) =>
    body(
      api.PATCH('/devices/{fingerprint}', {
        params: { path: { fingerprint } },
        body: { disregarded },
      }),
    );
  const act = useAct({
    act: set,
    done: (disregarded) => (disregarded ? texts.devices.disregarded : texts.devices.regarded),
    undo: (disregarded) => set(!disregarded),
    touches: ['device', 'devices', 'identities', 'identity', 'rings'],
    after: close,
  });
  if (!write) return null;
  if (device.disregarded) {
    return (
      <Button onClick={() => act.mutate(false)} disabled={act.isPending}>
        {texts.actions.regard}
      </Button>
    );
  }
  return (
    <>
      <Button look="danger" onClick={open}>
        {texts.actions.disregard}
      </Button>
      {asking && (
        <Confirm
          title={texts.devices.ask}
          act={texts.actions.disregard}
          look="danger"
          busy={act.isPending}
          onAct={() => act.mutate(true)}
          onClose={close}
        >
          <p>{texts.devices.hint}</p>
        </Confirm>
      )}
    </>
  );
}
