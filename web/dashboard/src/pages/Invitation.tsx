/** Where the link of an invitation leads: into what it is, and accepting it. */
import { useQuery } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body, Problem } from '../api/client';
import { Button } from '../parts/Button';
import { Door } from '../parts/Door';
import { Input } from '../parts/Field';
import { NewPassword } from '../parts/NewPassword';
import { Said } from '../parts/Said';
import { methodsQuery, SingleSignOn } from '../parts/SingleSignOn';
import { Failed, Loading } from '../parts/States';
import { problemText } from '../parts/Toasts';
import { useAttempt } from '../parts/useAttempt';
import { beginSession } from '../session';
import { texts } from '../texts';
import { LinkGone } from './ResetPassword';

const NAME_CHARS_MAX = 100;

export default function Invitation() {
  const token = useLocation().hash;
  const query = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) =>
      body(api.POST('/auth/invitations/look-up', { body: { token }, signal })),
    enabled: token !== '',
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!token || (query.error instanceof Problem && [400, 404].includes(query.error.status)))
    return <LinkGone />;
  if (!query.data)
    return (
      <Door title={texts.door.invited}>
        {query.error ? <Failed error={query.error} retry={() => query.refetch()} /> : <Loading />}
      </Door>
    );
  return <Accept token={token} invited={query.data} />;
}

interface Invited {
  email: string;
  teamName: string;
  role: string;
  hasAccount: boolean;
}

function Accept({ token, invited }: { token: string; invited: Invited }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const navigate = useNavigate();
  const methods = useQuery(methodsQuery).data;
  const takesPasswords = methods?.password ?? true;
  const elsewhere = methods?.singleSignOn;
  const { busy, problem, attempt } = useAttempt(async () => {
    const session = await body(
      api.POST('/auth/invitations/accept', {
        body: { token, password, ...(invited.hasAccount ? {} : { name: name.trim() }) },
      }),
    );
    beginSession(session.token, false);
    navigate({ to: '/', replace: true });
  });
  if (problem instanceof Problem && problem.status === 404) return <LinkGone />;
  const wrong = problem instanceof Problem && problem.status === 401;
  return (
    <Door title={texts.door.invited} onSubmit={takesPasswords ? attempt : undefined}>
      <p>
        {texts.door.to}{' '}
        <strong>
          <Said>{invited.teamName}</Said>
        </strong>{' '}
        {texts.door.as}{' '}
        <strong>
          <Said>{invited.email}</Said>
        </strong>
        . {texts.team.roleHints[invited.role]}
      </p>
      {elsewhere && (
        <>
          <p className="text-soft">{texts.door.bySignOn}</p>
          <SingleSignOn
            text={elsewhere.button}
            trip={() => ({ path: '/', keep: false, invitation: token })}
          />
        </>
      )}
      {elsewhere && takesPasswords && (
        <p className="text-center text-xs text-soft">{texts.signIn.or}</p>
      )}
      {takesPasswords && (
        <>
          <input type="email" autoComplete="username" value={invited.email} readOnly hidden />
          {invited.hasAccount ? (
            <Input
              label={texts.door.password}
              hint={texts.door.known}
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          ) : (
            <>
              <Input
                label={texts.door.name}
                autoComplete="name"
                required
                maxLength={NAME_CHARS_MAX}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
              <NewPassword label={texts.door.choose} value={password} onChange={setPassword} />
            </>
          )}
          <p role="alert" className="said text-critical empty:hidden">
            {problem ? (wrong ? texts.door.wrong : problemText(problem)) : ''}
          </p>
          <Button type="submit" look="main" disabled={busy}>
            {texts.door.accept}
          </Button>
        </>
      )}
    </Door>
  );
}
