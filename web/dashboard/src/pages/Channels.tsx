/** Where notifications go, and what became of each. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import { poll } from '../api/live';
import { channelsQuery } from '../api/queries';
import type { Channel, Delivery } from '../api/types';
import { number } from '../lib/format';
import { AskButton } from '../parts/AskButton';
import { StatusTag, Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { CopyBlock } from '../parts/Copy';
import { Dialog, useOpen } from '../parts/Dialog';
import { DialogForm } from '../parts/DialogForm';
import { Check, Input, Select, SelectField, TextArea } from '../parts/Field';
import { IdentityLink } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { Pager } from '../parts/Pager';
import { Said, SaidAll } from '../parts/Said';
import { Empty, Fetched } from '../parts/States';
import { Steady } from '../parts/Steady';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';

const NAME_CHARS_MAX = 50;
const TYPES = ['EMAIL', 'SLACK', 'WEBHOOK'] as const;
const EVENTS = ['IDENTITY_SCORED', 'IDENTITY_BADGES_CHANGED', 'CHANNEL_DISABLED'] as const;
const PER_MINUTE_MAX = 60_000;
const DIGEST_MINUTES_MAX = 1_440;
const POLL_MS = 10_000;
const LOG_POLL_MS = 3_000;
type Kind = (typeof TYPES)[number];
const TOUCHES = ['channels'];
/** Until then both secrets sign, so that receivers can change over. */
const OVERLAP_SECONDS = 86_400;

const idOf = (delivery: Delivery) => delivery.id;
const of = (slug: string) => ({ params: { path: { slug } } });
interface Change {
  enabled?: boolean;
  events?: string[];
  name?: string;
  to?: string[];
  url?: string;
  maxPerMinute?: number | null;
  digestMinutes?: number;
}

const set = (slug: string, change: Change) =>
  body(api.PATCH('/channels/{slug}', { ...of(slug), body: change }));

export default function Channels() {
  const { write } = useRights();
  const [making, open, close] = useOpen();
  const [secret, setSecret] = useState<string | null>(null);
  const query = useQuery({ ...channelsQuery, refetchInterval: () => poll(POLL_MS) });
  return (
    <Page
      title={texts.channels.title}
      lead={texts.channels.lead}
      actions={
        write && (
          <Button look="main" onClick={open}>
            {texts.channels.make}
          </Button>
        )
      }
    >
      <Fetched query={query}>
        {(channels) =>
          channels.length === 0 ? (
            <Panel>
              <Empty title={texts.channels.none}>{texts.channels.noneHint}</Empty>
            </Panel>
          ) : (
            <ul className="flex flex-col gap-4">
              {channels.map((channel) => (
                <li key={channel.slug}>
                  <Row channel={channel} write={write} onSecret={setSecret} />
                </li>
              ))}
            </ul>
          )
        }
      </Fetched>
      {making && <Form onClose={close} onSecret={setSecret} />}
      {secret && (
        <Dialog title={texts.channels.secretTitle} onClose={() => setSecret(null)}>
          <div className="flex flex-col gap-4">
            <p className="rounded-lg bg-poor-wash px-3 py-2 text-poor">{texts.channels.once}</p>
            <CopyBlock label={texts.channels.secret} text={secret} />
            <div className="flex justify-end">
              <Button look="main" onClick={() => setSecret(null)}>
                {texts.channels.kept}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </Page>
  );
}

function Row({
  channel,
  write,
  onSecret,
}: {
  channel: Channel;
  write: boolean;
  onSecret: (secret: string) => void;
}) {
  const [log, setLog] = useState(false);
  return (
    <Panel>
      <div className="flex flex-wrap items-start gap-x-6 gap-y-3 p-4">
        <div className="min-w-56 flex-1">
          <h2 className="flex flex-wrap items-center gap-2 font-semibold">
            <Said max={60}>{channel.name}</Said>
            <Tag>{texts.channels.types[channel.type] ?? channel.type}</Tag>
            {!channel.enabled && <Tag look="warning">{texts.rules.off}</Tag>}
            {channel.failingSince && <Tag look="critical">{texts.channels.failing}</Tag>}
          </h2>
          <p className="text-soft">
            <SaidAll max={120}>{channel.url ?? channel.to?.join(', ') ?? ''}</SaidAll>
          </p>
          <p className="text-xs text-soft">
            {channel.events.length > 0
              ? texts.channels.hears(
                  channel.events.map((one) => texts.channels.events[one] ?? one).join(', '),
                )
              : texts.channels.hearsRules}
          </p>
          <p className="text-xs text-soft">
            {texts.channels.pace(number(channel.maxPerMinute))}
            {channel.digestMinutes > 0 && `, ${texts.channels.digests(channel.digestMinutes)}`}
          </p>
          {channel.waiting > 0 && (
            <p className="text-sm text-poor">
              {texts.channels.waits(channel.waiting)}
              {channel.nextAttemptAt && (
                <>
                  , {texts.channels.nextAttempted} <Time at={channel.nextAttemptAt} />
                </>
              )}
            </p>
          )}
          {channel.disabledReason && <p className="said text-critical">{channel.disabledReason}</p>}
          {channel.previousSecretUntil && (
            <p className="text-xs text-soft">
              {texts.channels.overlap} <Time at={channel.previousSecretUntil} />
            </p>
          )}
        </div>
        {write && <Acts channel={channel} onSecret={onSecret} />}
        <Button small aria-expanded={log} onClick={() => setLog(!log)}>
          {log ? texts.channels.hideLog : texts.channels.log}
        </Button>
      </div>
      {log && <Log channel={channel} write={write} />}
    </Panel>
  );
}

function Acts({ channel, onSecret }: { channel: Channel; onSecret: (secret: string) => void }) {
  const { slug } = channel;
  const [editing, edit, closeEdit] = useOpen();
  const test = useAct({
    act: () => body(api.POST('/channels/{slug}/actions/test', of(slug))),
    done: () => texts.channels.tested,
    touches: TOUCHES,
  });
  const enable = useAct({
    act: (enabled: boolean) => set(slug, { enabled }),
    done: (enabled) => (enabled ? texts.channels.enabled : texts.channels.disabled),
    undo: (enabled) => set(slug, { enabled: !enabled }),
    touches: TOUCHES,
  });
  return (
    <div className="flex flex-wrap gap-2">
      <Button small onClick={() => test.mutate()} disabled={test.isPending || !channel.enabled}>
        {texts.channels.test}
      </Button>
      {channel.type === 'WEBHOOK' && (
        <AskButton
          label={texts.channels.rotate}
          look="plain"
          answerLook="main"
          title={texts.channels.askRotate(channel.name)}
          hint={texts.channels.rotateHint}
          act={() =>
            body(
              api.POST('/channels/{slug}/actions/rotate-secret', {
                ...of(slug),
                body: { overlapSeconds: OVERLAP_SECONDS },
              }),
            )
          }
          touches={TOUCHES}
          after={(_, rotated) => {
            if (rotated.secret) onSecret(rotated.secret);
          }}
        />
      )}
      <Button small onClick={edit}>
        {texts.channels.change}
      </Button>
      <Button small onClick={() => enable.mutate(!channel.enabled)}>
        {channel.enabled ? texts.rules.switchOff : texts.rules.switchOn}
      </Button>
      <AskButton
        label={texts.rules.delete}
        title={texts.rules.askDelete(channel.name)}
        hint={texts.channels.deleteHint}
        act={() => body(api.DELETE('/channels/{slug}', of(slug)))}
        done={() => texts.channels.deleted}
        touches={TOUCHES}
      />
      {editing && <Form channel={channel} onClose={closeEdit} onSecret={onSecret} />}
    </div>
  );
}

const PAGE = 20;
const STATUSES = ['', 'PENDING', 'DELIVERED', 'FAILED'] as const;

function Log({ channel, write }: { channel: Channel; write: boolean }) {
  const [page, setPage] = useState(0);
  const [status, setStatus] = useState<(typeof STATUSES)[number]>('');
  const query = useQuery({
    queryKey: ['channels', channel.slug, 'log', status, page],
    queryFn: ({ signal }) =>
      body(
        api.GET('/channels/{slug}/deliveries', {
          params: {
            path: { slug: channel.slug },
            query: { pageNumber: page, pageSize: PAGE, status: status || undefined },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: () => poll(LOG_POLL_MS),
  });
  return (
    <div className="border-t border-line">
      <div className="flex items-center justify-between gap-2 px-4 py-2">
        <h3 className="font-semibold">{texts.channels.deliveries}</h3>
        <Select
          label={texts.channels.status}
          value={status}
          options={STATUSES.map(
            (one) =>
              [
                one,
                one ? (texts.channels.statuses[one] ?? one) : texts.channels.anyStatus,
              ] as const,
          )}
          onChange={(to) => {
            setStatus(to);
            setPage(0);
          }}
        />
      </div>
      <Fetched query={query} lines={4}>
        {(found) =>
          found.content.length === 0 ? (
            <Empty title={texts.channels.noDeliveries} />
          ) : (
            <>
              <Steady name={`${status} ${page}`} rows={found.content} rowKey={idOf}>
                {(delivery) => <DeliveryRow key={delivery.id} delivery={delivery} write={write} />}
              </Steady>
              <Pager found={found} page={page} onPage={setPage} />
            </>
          )
        }
      </Fetched>
    </div>
  );
}

function DeliveryRow({ delivery, write }: { delivery: Delivery; write: boolean }) {
  const again = useAct({
    act: () =>
      body(
        api.POST('/deliveries/{id}/actions/redeliver', { params: { path: { id: delivery.id } } }),
      ),
    done: () => texts.channels.again,
    touches: TOUCHES,
  });
  return (
    <li className="grid grid-cols-1 items-center gap-x-4 gap-y-1 border-t border-line px-4 py-2 md:grid-cols-[190px_110px_1fr_auto]">
      <span>
        {texts.channels.events[delivery.trigger] ?? delivery.trigger}
        {delivery.identityId && (
          <span className="block text-xs">
            <IdentityLink id={delivery.identityId} />
          </span>
        )}
      </span>
      <StatusTag status={delivery.status} />
      <span className="min-w-0 text-sm text-soft">
        <Time at={delivery.createdAt} /> · {texts.channels.attempts(delivery.attempt)}
        {delivery.httpStatus != null && ` · HTTP ${delivery.httpStatus}`}
        {delivery.nextAttemptAt && (
          <>
            {' · '}
            {texts.channels.next} <Time at={delivery.nextAttemptAt} />
          </>
        )}
        {delivery.error && (
          <span className="block text-critical">
            <SaidAll max={160}>{delivery.error}</SaidAll>
          </span>
        )}
      </span>
      {write && delivery.status !== 'PENDING' && (
        <Button small onClick={() => again.mutate()} disabled={again.isPending}>
          {texts.channels.redeliver}
        </Button>
      )}
    </li>
  );
}

const addresses = (text: string) => text.split(/[\s,;]+/).filter(Boolean);

/** The target as it is changed; of Slack's only the host is known, so nothing typed means that it stays. */
function targetOf(type: string, target: string): Pick<Change, 'to' | 'url'> {
  if (type === 'EMAIL') return { to: addresses(target) };
  return target.trim() ? { url: target.trim() } : {};
}

/** What a change is taken back to; an address that is a secret is not known here. */
function before(channel: Channel, changed: Change): Change {
  const { name, events, maxPerMinute, digestMinutes } = channel;
  const was: Change = { name, events, maxPerMinute, digestMinutes };
  if (channel.to) was.to = channel.to;
  if (channel.url) was.url = channel.url;
  return Object.fromEntries(Object.entries(was).filter(([key]) => key in changed));
}

function Form({
  channel,
  onClose,
  onSecret,
}: {
  /** The one to change; another is made when absent. */
  channel?: Channel;
  onClose: () => void;
  onSecret: (secret: string) => void;
}) {
  const [name, setName] = useState(channel?.name ?? '');
  const [type, setType] = useState<Kind>((channel?.type as Kind) ?? 'WEBHOOK');
  const secretTarget = channel?.type === 'SLACK';
  const [target, setTarget] = useState(
    secretTarget ? '' : (channel?.url ?? channel?.to?.join('\n') ?? ''),
  );
  const [events, setEvents] = useState<string[]>(channel?.events ?? []);
  const usual = channel ? String(channel.maxPerMinute) : '';
  const [pace, setPace] = useState(usual);
  const [digest, setDigest] = useState(String(channel?.digestMinutes ?? 0));
  const wanted: Change = {
    name: name.trim(),
    events,
    // What is usual for the kind stays so unless somebody says otherwise.
    ...(pace === usual ? {} : { maxPerMinute: pace.trim() ? Number(pace) : null }),
    ...targetOf(type, target),
    ...(type === 'EMAIL' ? { digestMinutes: Number(digest) || 0 } : {}),
  };
  const make = useAct({
    act: () =>
      channel
        ? set(channel.slug, wanted)
        : body(api.POST('/channels', { body: { ...wanted, type } })),
    done: () => (channel ? texts.channels.saved : texts.channels.made),
    undo:
      channel && !(secretTarget && target.trim())
        ? () => set(channel.slug, before(channel, wanted))
        : undefined,
    touches: TOUCHES,
    after: (_, saved) => {
      onClose();
      if (!channel && saved.secret) onSecret(saved.secret);
    },
  });
  return (
    <DialogForm
      title={channel ? texts.channels.changeOf(channel.name) : texts.channels.make}
      onClose={onClose}
      act={channel ? texts.common.save : texts.channels.make}
      blocked={make.isPending || !name.trim() || (!target.trim() && !secretTarget)}
      onAct={() => make.mutate()}
    >
      <Input
        label={texts.rules.name}
        required
        maxLength={NAME_CHARS_MAX}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {!channel && (
        <SelectField
          label={texts.channels.type}
          value={type}
          options={TYPES.map((one) => [one, texts.channels.types[one] ?? one] as const)}
          onChange={setType}
        />
      )}
      <TextArea
        label={texts.channels.targets[type]}
        hint={secretTarget ? texts.channels.keepUrl : texts.channels.targetHints[type]}
        required={!secretTarget}
        className="font-mono text-xs"
        value={target}
        onChange={(event) => setTarget(event.target.value)}
      />
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-sm font-medium">{texts.channels.hearsBesides}</legend>
        {EVENTS.map((one) => (
          <Check
            key={one}
            checked={events.includes(one)}
            onChange={(on) =>
              setEvents(on ? [...events, one] : events.filter((event) => event !== one))
            }
          >
            {texts.channels.events[one] ?? one}
          </Check>
        ))}
      </fieldset>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Input
          label={texts.channels.paceLabel}
          hint={texts.channels.paceHint}
          type="number"
          min={1}
          max={PER_MINUTE_MAX}
          value={pace}
          onChange={(event) => setPace(event.target.value)}
        />
        {type === 'EMAIL' && (
          <Input
            label={texts.channels.digest}
            hint={texts.channels.digestHint}
            type="number"
            min={0}
            max={DIGEST_MINUTES_MAX}
            value={digest}
            onChange={(event) => setDigest(event.target.value)}
          />
        )}
      </div>
    </DialogForm>
  );
}
