/** Makes or changes a channel. */
import { useState } from 'react';
import { api, body } from '../../api/client';
import type { Channel } from '../../api/types';
import { asBefore } from '../../lib/before';
import { DialogForm } from '../../parts/DialogForm';
import { Check, Input, SelectField, TextArea } from '../../parts/Field';
import { useAct } from '../../parts/useAct';
import { texts } from '../../texts';
import { type Change, set, TOUCHES } from './change';

const NAME_CHARS_MAX = 50;
const TYPES = ['EMAIL', 'SLACK', 'WEBHOOK'] as const;
const EVENTS = ['IDENTITY_SCORED', 'IDENTITY_BADGES_CHANGED', 'CHANNEL_DISABLED'] as const;
const PER_MINUTE_MAX = 60_000;
const DIGEST_MINUTES_MAX = 1_440;
type Kind = (typeof TYPES)[number];

const addresses = (text: string) => text.split(/[\s,;]+/).filter(Boolean);

/** The target as it is changed; of Slack's only the host is known, so nothing typed means that it stays. */
function targetOf(type: string, target: string): Pick<Change, 'to' | 'url'> {
  if (type === 'EMAIL') return { to: addresses(target) };
  return target.trim() ? { url: target.trim() } : {};
}

export function ChannelForm({
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
      // An address that is a secret is not known here.
      channel && !(secretTarget && target.trim())
        ? () => set(channel.slug, asBefore(channel, wanted))
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
