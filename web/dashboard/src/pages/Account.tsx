/** One's own account: who one is, the password, and where one is logged in. */
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { api, body } from '../api/client';
import type { Me, OwnSession } from '../api/types';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Input } from '../parts/Field';
import { NewPassword } from '../parts/NewPassword';
import { Facts, Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { methodsQuery } from '../parts/SingleSignOn';
import { Fetched } from '../parts/States';
import { Time } from '../parts/Time';
import { tell } from '../parts/Toasts';
import { useAct } from '../parts/useAct';
import { useMe } from '../parts/useMe';
import { endSession } from '../session';
import { texts } from '../texts';

const NAME_CHARS_MAX = 100;

export default function Account() {
  const me = useMe();
  return (
    <Page title={texts.account.title}>
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <Panel title={texts.account.you}>
          <Fetched query={me}>{(me) => <You key={me.name} me={me} />}</Fetched>
        </Panel>
        <SigningIn email={me.data?.email ?? ''} />
      </div>
      <Panel title={texts.sessions.list}>
        <Sessions me={me.data} />
      </Panel>
    </Page>
  );
}

function You({ me }: { me: Me }) {
  const [name, setName] = useState(me.name ?? '');
  const set = (name: string) => body(api.PATCH('/account', { body: { name } }));
  const rename = useAct({
    act: () => set(name.trim()),
    done: () => texts.sessions.renamed,
    undo: () => set(me.name ?? ''),
    touches: ['me', 'team'],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    rename.mutate();
  }
  return (
    <div className="flex flex-col gap-4 p-4">
      <Facts
        facts={[
          [texts.account.email, <Said key="email">{me.email ?? ''}</Said>],
          [texts.account.team, <Said key="team">{me.teamName}</Said>],
          [texts.account.role, texts.roles[me.role] ?? me.role],
        ]}
      />
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Input
          label={texts.account.name}
          autoComplete="name"
          required
          maxLength={NAME_CHARS_MAX}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <div>
          <Button
            type="submit"
            disabled={rename.isPending || !name.trim() || name.trim() === me.name}
          >
            {texts.common.save}
          </Button>
        </div>
      </form>
    </div>
  );
}

function SigningIn({ email }: { email: string }) {
  const account = useQuery({
    queryKey: ['account'],
    queryFn: ({ signal }) => body(api.GET('/account', { signal })),
  });
  const methods = useQuery(methodsQuery).data;
  const takesPasswords = methods?.password ?? true;
  const changes = takesPasswords && (account.data?.hasPassword ?? true);
  const elsewhere = account.data?.singleSignOnSince;
  return (
    <div className="flex flex-col gap-4">
      {methods?.singleSignOn && (
        <Panel title={texts.account.way}>
          <Fetched query={account}>
            {({ hasPassword }) => (
              <div className="flex flex-col gap-4 p-4">
                <Facts facts={ways(takesPasswords && hasPassword, elsewhere)} />
                {!takesPasswords && <p className="text-soft">{texts.account.noPasswords}</p>}
                {takesPasswords && !hasPassword && (
                  <p className="text-soft">{texts.account.noPassword}</p>
                )}
              </div>
            )}
          </Fetched>
        </Panel>
      )}
      {changes && <Password email={email} />}
    </div>
  );
}

function ways(password: boolean, since: string | null | undefined): [string, ReactNode][] {
  const { both, password: byPassword, single } = texts.account.ways;
  const way = since && password ? both : since ? single : byPassword;
  const facts: [string, ReactNode][] = [[texts.account.how, way]];
  if (since) facts.push([texts.account.since, <Time key="since" at={since} />]);
  return facts;
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
        <NewPassword
          label={texts.account.next}
          hint={texts.account.nextHint}
          value={next}
          onChange={setNext}
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

function Sessions({ me }: { me: Me | undefined }) {
  const query = useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => body(api.GET('/account/sessions', { signal })),
  });
  const end = useAct({
    act: ({ id }: OwnSession) =>
      body(api.DELETE('/account/sessions/{id}', { params: { path: { id } } })),
    done: () => texts.sessions.ended,
    touches: ['sessions'],
    after: (session) => session.isCurrent && endSession('left'),
  });
  const teamOf = (session: OwnSession) =>
    me?.teams?.find((team) => team.id === session.teamId)?.name ?? session.teamId;
  return (
    <Fetched query={query}>
      {(sessions) => (
        <ul>
          {sessions.map((session) => (
            <li
              key={session.id}
              className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 last:border-0"
            >
              <div className="min-w-48 flex-1">
                <div className="flex flex-wrap items-center gap-2">
                  {texts.sessions.from(session.address ?? texts.common.unknown)}
                  {session.isCurrent && <Tag look="accent">{texts.sessions.current}</Tag>}
                </div>
                <div className="text-xs text-soft">
                  <Said max={60}>{teamOf(session)}</Said>
                  {' · '}
                  <Time at={session.createdAt} />
                  {session.lastUsedAt && (
                    <>
                      {' · '}
                      {texts.sessions.used} <Time at={session.lastUsedAt} />
                    </>
                  )}
                  {' · '}
                  {texts.sessions.until} <Time at={session.expiresAt} />
                </div>
              </div>
              <Button
                small
                aria-label={texts.sessions.endOf(session.address ?? texts.common.unknown)}
                disabled={end.isPending}
                onClick={() => end.mutate(session)}
              >
                {texts.sessions.end}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Fetched>
  );
}
