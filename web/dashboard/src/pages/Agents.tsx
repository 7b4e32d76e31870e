/** What agents may act with, and how one is connected. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { AgentToken } from '../api/types';
import { AskButton } from '../parts/AskButton';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { CopyBlock } from '../parts/Copy';
import { useOpen } from '../parts/Dialog';
import { DialogForm } from '../parts/DialogForm';
import { Check, Input, SelectField } from '../parts/Field';
import { ListOf } from '../parts/ListOf';
import { Once } from '../parts/Once';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { texts } from '../texts';

const NAME_CHARS_MAX = 100;
/** Days; 0 is until it is revoked. */
const EXPIRIES = ['30', '90', '365', '0'] as const;
const DAY_MS = 86_400_000;
const TOUCHES = ['tokens'];

const address = () => `${location.origin}/mcp`;
const command = (token?: string) =>
  `claude mcp add --transport http dregs ${address()}${
    token ? ` --header "Authorization: Bearer ${token}"` : ''
  }`;

export default function Agents() {
  const [making, open, close] = useOpen();
  const [made, setMade] = useState<AgentToken | null>(null);
  const query = useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => body(api.GET('/tokens', { signal })),
  });
  return (
    <Page
      title={texts.agents.title}
      lead={texts.agents.lead}
      actions={
        <Button look="main" onClick={open}>
          {texts.agents.make}
        </Button>
      }
    >
      <Panel title={texts.agents.connect}>
        <div className="flex flex-col gap-3 p-4">
          <p className="max-w-prose text-soft">{texts.agents.connectHint}</p>
          <div className="grid grid-cols-1 gap-3 lg:grid-cols-2">
            <CopyBlock label={texts.agents.address} text={address()} />
            <CopyBlock label={texts.agents.claude} text={command()} />
          </div>
        </div>
      </Panel>
      <Panel title={texts.agents.list}>
        <ListOf query={query} none={texts.agents.none} noneHint={texts.agents.noneHint}>
          {(token) => <Row key={token.id} token={token} />}
        </ListOf>
      </Panel>
      {making && <Make onClose={close} onMade={setMade} />}
      {made && (
        <Once
          title={texts.agents.token}
          hint={texts.agents.onceHint}
          blocks={[
            [texts.agents.token, made.token ?? ''],
            [texts.agents.claudeToken, command(made.token ?? '')],
          ]}
          onClose={() => setMade(null)}
        />
      )}
    </Page>
  );
}

function Row({ token }: { token: AgentToken }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="min-w-48 flex-1">
        <div className="flex flex-wrap items-center gap-2 font-medium">
          <Said max={80}>{token.name}</Said>
          <Tag>{texts.agents.kinds[token.kind] ?? token.kind}</Tag>
          <Tag look={token.readOnly ? 'good' : 'warning'}>
            {token.readOnly ? texts.agents.readsOnly : texts.agents.writes}
          </Tag>
        </div>
        <div className="text-xs text-soft">
          <Said max={80}>{token.userEmail}</Said>
          {' · '}
          {texts.agents.made} <Time at={token.createdAt} />
          {' · '}
          {token.lastUsedAt ? (
            <>
              {texts.agents.used} <Time at={token.lastUsedAt} />
            </>
          ) : (
            texts.agents.neverUsed
          )}
          {' · '}
          {token.expiresAt ? (
            <>
              {texts.agents.expires} <Time at={token.expiresAt} />
            </>
          ) : (
            texts.agents.forever
          )}
        </div>
      </div>
      <AskButton
        label={texts.agents.revoke}
        title={texts.agents.askRevoke(token.name)}
        hint={texts.agents.revokeHint}
        act={() => body(api.DELETE('/tokens/{id}', { params: { path: { id: token.id } } }))}
        done={() => texts.agents.revoked}
        touches={TOUCHES}
      />
    </li>
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (made: AgentToken) => void }) {
  const [name, setName] = useState('');
  const [readOnly, setReadOnly] = useState(true);
  const [days, setDays] = useState<(typeof EXPIRIES)[number]>('90');
  const make = useAct({
    act: () => {
      const expiresAt =
        days === '0' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      return body(api.POST('/tokens', { body: { name: name.trim(), readOnly, expiresAt } }));
    },
    touches: TOUCHES,
    after: (_, made) => {
      onClose();
      if (made) onMade(made);
    },
  });
  return (
    <DialogForm
      title={texts.agents.make}
      onClose={onClose}
      act={texts.agents.make}
      blocked={make.isPending || !name.trim()}
      onAct={() => make.mutate()}
    >
      <Input
        label={texts.agents.name}
        required
        maxLength={NAME_CHARS_MAX}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <SelectField
        label={texts.agents.expiry}
        value={days}
        options={EXPIRIES.map((one) => [one, texts.agents.expiries[one] ?? one] as const)}
        onChange={setDays}
      />
      <div className="flex flex-col gap-1">
        <Check checked={readOnly} onChange={setReadOnly}>
          {texts.agents.readOnly}
        </Check>
        <p className="text-xs text-soft">{texts.agents.readOnlyHint}</p>
      </div>
    </DialogForm>
  );
}
