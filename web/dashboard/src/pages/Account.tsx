/** One's own account: who one is, and the password. */
import { type FormEvent, useState } from 'react';
import { api, body } from '../api/client';
import { Button } from '../parts/Button';
import { Input } from '../parts/Field';
import { Facts, Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { tell } from '../parts/Toasts';
import { useAct } from '../parts/useAct';
import { useMe } from '../parts/useMe';
import { endSession } from '../session';
import { texts } from '../texts';

/** As the API has them. */
const PASSWORD_CHARS_MIN = 10;
const PASSWORD_CHARS_MAX = 256;

export default function Account() {
  const me = useMe().data;
  return (
    <Page title={texts.account.title}>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel title={texts.account.you}>
          <div className="p-4">
            {me && (
              <Facts
                facts={[
                  [texts.account.name, <Said key="name">{me.name ?? ''}</Said>],
                  [texts.account.email, <Said key="email">{me.email ?? ''}</Said>],
                  [texts.account.team, <Said key="team">{me.teamName}</Said>],
                  [texts.account.role, texts.roles[me.role] ?? me.role],
                ]}
              />
            )}
          </div>
        </Panel>
        <Password email={me?.email ?? ''} />
      </div>
    </Page>
  );
}

function Password({ email }: { email: string }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useAct({
    act: () =>
      body(api.POST('/auth/password', { body: { currentPassword: current, newPassword: next } })),
    touches: [],
    after: () => {
      tell(texts.account.changed);
      endSession('left');
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    change.mutate();
  }
  return (
    <Panel title={texts.account.password}>
      <form onSubmit={submit} className="flex flex-col gap-4 p-4">
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <Input
          label={texts.account.current}
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <Input
          label={texts.account.next}
          hint={texts.account.nextHint(PASSWORD_CHARS_MIN)}
          type="password"
          autoComplete="new-password"
          required
          minLength={PASSWORD_CHARS_MIN}
          maxLength={PASSWORD_CHARS_MAX}
          value={next}
          onChange={(event) => setNext(event.target.value)}
        />
        <div>
          <Button type="submit" look="main" disabled={change.isPending}>
            {texts.account.change}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
