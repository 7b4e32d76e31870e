/** Keys for pages and servers. A secret is shown once, when it is made. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { Credential } from '../api/types';
import { snippet } from '../lib/snippet';
import { AskButton } from '../parts/AskButton';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Copy } from '../parts/Copy';
import { useOpen } from '../parts/Dialog';
import { DialogForm } from '../parts/DialogForm';
import { Input, TextArea } from '../parts/Field';
import { ListOf } from '../parts/ListOf';
import { Once } from '../parts/Once';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';

const NAME_CHARS_MAX = 100;

export default function Credentials() {
  const { write } = useRights();
  const [making, open, close] = useOpen();
  const [made, setMade] = useState<Credential | null>(null);
  const query = useQuery({
    queryKey: ['credentials'],
    queryFn: ({ signal }) => body(api.GET('/credentials', { signal })),
  });
  return (
    <Page
      title={texts.credentials.title}
      lead={texts.credentials.lead}
      actions={
        write && (
          <Button look="main" onClick={open}>
            {texts.credentials.make}
          </Button>
        )
      }
    >
      <Panel>
        <ListOf query={query} none={texts.credentials.none} noneHint={texts.credentials.noneHint}>
          {(credential) => <Row key={credential.id} credential={credential} write={write} />}
        </ListOf>
      </Panel>
      {making && <Make onClose={close} onMade={setMade} />}
      {made && (
        <Once
          title={texts.credentials.madeTitle}
          hint={texts.credentials.once}
          blocks={[
            [texts.credentials.secret, made.secretKey ?? ''],
            [texts.credentials.public, made.publicKey],
            [texts.firstRun.page, snippet(location.origin, made.publicKey)],
          ]}
          onClose={() => setMade(null)}
        />
      )}
    </Page>
  );
}

function Row({ credential, write }: { credential: Credential; write: boolean }) {
  const { id } = credential;
  const set = (disabled: boolean) =>
    body(api.PATCH('/credentials/{id}', { params: { path: { id } }, body: { disabled } }));
  const disable = useAct({
    act: (disabled: boolean) => set(disabled),
    done: (disabled) => (disabled ? texts.credentials.disabledNow : texts.credentials.enabledNow),
    undo: (disabled) => set(!disabled),
    touches: ['credentials'],
  });
  const dead = Boolean(credential.revokedAt);
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="min-w-48 flex-1">
        <div className="flex items-center gap-2 font-medium">
          <Said>{credential.name}</Said>
          {dead && <Tag>{texts.credentials.revoked}</Tag>}
          {!dead && credential.disabled && <Tag look="warning">{texts.credentials.disabled}</Tag>}
        </div>
        <div className="text-xs text-soft">
          {texts.credentials.made} <Time at={credential.createdAt} />
          {credential.expiresAt && (
            <>
              {' · '}
              {texts.credentials.expires} <Time at={credential.expiresAt} />
            </>
          )}
        </div>
      </div>
      <div className="flex min-w-64 flex-1 flex-col gap-1 text-xs">
        <span className="flex items-center gap-2">
          <code className="break-all">{credential.publicKey}</code>
          <Copy text={credential.publicKey} />
        </span>
        <code className="text-soft">sk_…{credential.secretHint}</code>
        <span className="text-soft">
          {credential.allowedOrigins.length === 0
            ? texts.credentials.anyOrigin
            : texts.credentials.origins(credential.allowedOrigins.join(', '))}
        </span>
      </div>
      {write && !dead && (
        <div className="flex gap-2">
          <Button small onClick={() => disable.mutate(!credential.disabled)}>
            {credential.disabled ? texts.credentials.enable : texts.credentials.disable}
          </Button>
          <AskButton
            label={texts.credentials.revoke}
            title={texts.credentials.askRevoke(credential.name)}
            hint={texts.credentials.revokeHint}
            act={() => body(api.DELETE('/credentials/{id}', { params: { path: { id } } }))}
            done={() => texts.credentials.revokedNow}
            touches={['credentials']}
          />
        </div>
      )}
    </li>
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (made: Credential) => void }) {
  const [name, setName] = useState('');
  const [origins, setOrigins] = useState('');
  const make = useAct({
    act: () =>
      body(
        api.POST('/credentials', {
          body: { name: name.trim(), allowedOrigins: origins.split(/\s+/).filter(Boolean) },
        }),
      ),
    touches: ['credentials'],
    after: (_, made) => {
      onMade(made as Credential);
      onClose();
    },
  });
  return (
    <DialogForm
      title={texts.credentials.make}
      onClose={onClose}
      act={texts.credentials.make}
      blocked={make.isPending || !name.trim()}
      onAct={() => make.mutate()}
    >
      <Input
        label={texts.credentials.name}
        required
        maxLength={NAME_CHARS_MAX}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextArea
        label={texts.credentials.allowed}
        hint={texts.credentials.allowedHint}
        rows={3}
        className="font-mono text-xs"
        value={origins}
        onChange={(event) => setOrigins(event.target.value)}
      />
    </DialogForm>
  );
}
