/** Events one below the other, by day, each with what it carried. */
import { Link } from '@tanstack/react-router';
import type { Event, Observation } from '../api/types';
import { clock, day } from '../lib/format';
import { texts } from '../texts';
import { Tag } from './Badges';
import { DataTree } from './DataTree';
import { DeviceLink, IdentityLink } from './Links';
import { Said } from './Said';

/** Which observations rest on which events. */
export interface Pointing {
  /** Those of the observation that is looked at. */
  marked: ReadonlySet<string>;
  /** By the id of an event. */
  observations: ReadonlyMap<string, Observation[]>;
  onChoose: (observation: Observation) => void;
}

export function EventList({
  events,
  withIdentity = false,
  pointing,
}: {
  events: Event[];
  withIdentity?: boolean;
  pointing?: Pointing;
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
          <Row key={event.id} event={event} withIdentity={withIdentity} pointing={pointing} />
        ))}
      </ol>
    </section>
  ));
}

function Row({
  event,
  withIdentity,
  pointing,
}: {
  event: Event;
  withIdentity: boolean;
  pointing: Pointing | undefined;
}) {
  const marked = pointing?.marked.has(event.id);
  const observations = pointing?.observations.get(event.id) ?? [];
  return (
    <li
      data-event={event.id}
      aria-current={marked || undefined}
      className={`grid scroll-my-24 gap-x-4 gap-y-0.5 border-b border-l-4 border-b-line px-4 py-2 sm:grid-cols-[80px_1fr] ${marked ? 'border-l-accent bg-accent-wash' : 'border-l-transparent'}`}
    >
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
        {observations.length > 0 && (
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-soft">
            {texts.basis.restsOn}
            {observations.map((seen) => (
              <button
                key={seen.id}
                type="button"
                className="link"
                onClick={() => pointing?.onChoose(seen)}
              >
                {seen.label}
              </button>
            ))}
          </p>
        )}
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
