/** One event with everything it carried. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api, body } from '../api/client';
import type { Event as EventView } from '../api/types';
import { moment } from '../lib/format';
import { safeUrl } from '../lib/hostile';
import { Tag } from '../parts/Badges';
import { Copy } from '../parts/Copy';
import { DataTree } from '../parts/DataTree';
import { DeviceLink, IdentityLink } from '../parts/Links';
import { Facts, Page, Panel } from '../parts/Page';
import { Said, SaidAll } from '../parts/Said';
import { Empty, Fetched } from '../parts/States';
import { texts } from '../texts';

export default function Event() {
  const { id } = useParams({ from: '/events/$id' });
  const query = useQuery({
    queryKey: ['event', id],
    queryFn: ({ signal }) => body(api.GET('/events/{id}', { params: { path: { id } }, signal })),
  });
  const name = query.data?.eventName ?? texts.events.one;
  return (
    <Page
      title={name}
      heading={
        <span className="flex flex-wrap items-center gap-2">
          <Said>{name}</Said>
          {query.data?.canonicalType && <Tag>{query.data.canonicalType}</Tag>}
        </span>
      }
    >
      <Fetched query={query} lines={8}>
        {(event) => (
          <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
            <Panel title={texts.events.about}>
              <div className="p-4">
                <Facts facts={facts(event)} />
              </div>
            </Panel>
            <Panel title={texts.events.carried}>
              <div className="p-4">
                {Object.keys(event.eventData).length === 0 ? (
                  <Empty title={texts.events.noData} />
                ) : (
                  <DataTree data={event.eventData} />
                )}
              </div>
            </Panel>
          </div>
        )}
      </Fetched>
    </Page>
  );
}

function Url({ text }: { text: string | null | undefined }) {
  if (!text) return <span className="text-soft">–</span>;
  // Shown, not linked: where it leads was chosen by whoever sent it.
  return (
    <span className="flex items-start gap-2">
      <span className="min-w-0">
        <SaidAll>{text}</SaidAll>
      </span>
      {safeUrl(text) && <Copy text={text} />}
    </span>
  );
}

function facts(event: EventView): [string, React.ReactNode][] {
  const said = (text: string | null | undefined) =>
    text ? <SaidAll>{text}</SaidAll> : <span className="text-soft">–</span>;
  return [
    [
      texts.events.who,
      event.identity ? (
        <IdentityLink id={event.identity.id} label={event.identity.label} />
      ) : (
        <span className="text-soft">{texts.events.anonymous}</span>
      ),
    ],
    [texts.events.at, moment(event.timestamp)],
    [texts.events.received, moment(event.receivedAt)],
    [texts.events.source, said(event.eventSource)],
    [texts.devices.ip, said(event.ip)],
    [
      texts.devices.device,
      event.fingerprint ? <DeviceLink fingerprint={event.fingerprint} /> : said(null),
    ],
    [texts.devices.agent, said(event.userAgent)],
    [
      texts.events.session,
      event.session ? (
        <Link to="/events" search={{ session: event.session }} className="link">
          <Said>{event.session}</Said>
        </Link>
      ) : (
        said(null)
      ),
    ],
    [texts.events.page, <Url key="url" text={event.url} />],
    [texts.events.referrer, <Url key="referrer" text={event.referrer} />],
    [
      texts.groups.title,
      event.groups.length === 0 ? (
        said(null)
      ) : (
        <span className="flex flex-wrap gap-x-3">
          {event.groups.map((group) => (
            <Link
              key={`${group.type} ${group.id}`}
              to="/identities"
              search={{ groupType: group.type, group: group.id }}
              className="link"
            >
              <Said max={60}>{group.label}</Said>
            </Link>
          ))}
        </span>
      ),
    ],
    [texts.events.id, said(event.id)],
  ];
}
