/** Where notifications go, and what became of each. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import { poll } from '../api/live';
import { channelsQuery } from '../api/queries';
import type { Channel } from '../api/types';
import { number } from '../lib/format';
import { AskButton } from '../parts/AskButton';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { useOpen } from '../parts/Dialog';
import { Once } from '../parts/Once';
import { Page, Panel } from '../parts/Page';
import { Said, SaidAll } from '../parts/Said';
import { Empty, Fetched } from '../parts/States';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';
import { ChannelForm } from './channels/ChannelForm';
import { of, set, TOUCHES } from './channels/change';
import { Log } from './channels/Log';

const POLL_MS = 10_000;
/** Until then both secrets sign, so that receivers can change over. */
const OVERLAP_SECONDS = 86_400;

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
      {making && <ChannelForm onClose={close} onSecret={setSecret} />}
      {secret && (
        <Once
          title={texts.channels.secretTitle}
          hint={texts.channels.once}
          blocks={[[texts.channels.secret, secret]]}
          onClose={() => setSecret(null)}
        />
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
      {editing && <ChannelForm channel={channel} onClose={closeEdit} onSecret={onSecret} />}
    </div>
  );
}
