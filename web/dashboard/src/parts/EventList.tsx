/** Events one below the other, by day, each with what it carried. */
import { Link } from '@tanstack/react-router';
import type { Event } from '../api/types';
import { clock, day } from '../lib/format';
import { texts } from '../texts';
import { Tag } from './Badges';
import { DataTree } from './DataTree';
import { DeviceLink, IdentityLink } from './Links';
import { Said } from './Said';

export function EventList({
  events,
  withIdentity = false,
}: {
  events: Event[];
  withIdentity?: boolean;
}) {
  const days = new Map<string, Event[]>();
  for (const event of events) {
    const name = day(event.timestamp);
    days.set(name, [...(days.get(name) ?? []), event]);
  }
  return [...days].map(([name, found]) => (
    <section key={name}>
      <h3 className="sticky top-0 z-10 border-b border-line bg-sunken px-4 py-1 text-xs font-medium text-soft">
        {name}
      </h3>
      <ol>
        {found.map((event) => (
          <Row key={event.id} event={event} withIdentity={withIdentity} />
        ))}
      </ol>
    </section>
  ));
}

function Row({ event, withIdentity }: { event: Event; withIdentity: boolean }) {
  return (
    <li className="grid gap-x-4 gap-y-0.5 border-b border-line px-4 py-2 sm:grid-cols-[80px_1fr]">
      <time dateTime={event.timestamp} className="text-soft tabular-nums">
        {clock(event.timestamp)}
      </time>
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Link to="/events/$id" params={{ id: event.id }} className="link font-medium">
            <Said max={60}>{event.eventName}</Said>
          </Link>
          {event.canonicalType && <Tag>{event.canonicalType}</Tag>}
          {withIdentity && event.identity && (
            <IdentityLink id={event.identity.id} label={event.identity.label} />
          )}
        </div>
        <div className="flex flex-wrap items-center gap-x-3 text-xs text-soft">
          {event.ip && <Said max={45}>{event.ip}</Said>}
          {event.fingerprint && <DeviceLink fingerprint={event.fingerprint} />}
          {event.url && <Said max={80}>{event.url}</Said>}
        </div>
        {Object.keys(event.eventData).length > 0 && (
          <details className="mt-1 text-sm">
            <summary className="w-fit text-xs text-accent">
              {texts.events.data(Object.keys(event.eventData).length)}
            </summary>
            <div className="mt-1 rounded-lg bg-sunken p-3">
              <DataTree data={event.eventData} />
            </div>
          </details>
        )}
      </div>
    </li>
  );
}
