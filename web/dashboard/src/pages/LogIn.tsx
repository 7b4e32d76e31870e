/** Signing in. The address stays, so that a link from a notification leads where it points. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body, Problem } from '../api/client';
import { Button } from '../parts/Button';
import { Door } from '../parts/Door';
import { Input } from '../parts/Field';
import { methodsQuery, SingleSignOn } from '../parts/SingleSignOn';
import { problemText } from '../parts/Toasts';
import { useAttempt } from '../parts/useAttempt';
import { beginSession, hasLeft, sessionIsOver } from '../session';
import { texts } from '../texts';

export function LogIn() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [keep, setKeep] = useState(false);
  const client = useQueryClient();
  const methods = useQuery(methodsQuery).data;
  const takesPasswords = methods?.password ?? true;
  const elsewhere = methods?.singleSignOn;

  const { busy, problem, attempt } = useAttempt(async () => {
    const session = await body(
      api.POST('/auth/login', { body: { email: email.trim(), password } }),
    );
    client.clear();
    beginSession(session.token, keep);
  });
  const wrong = problem instanceof Problem && problem.status === 401;

  return (
    <Door title={texts.logIn.title} onSubmit={takesPasswords ? attempt : undefined}>
      {sessionIsOver() && !problem && (
        <p className="rounded-lg bg-fair-wash px-3 py-2">{texts.logIn.over}</p>
      )}
      {hasLeft() && elsewhere?.logoutUrl && (
        <div className="flex flex-col gap-1 rounded-lg bg-sunken px-3 py-2">
          <p>{texts.signIn.logOut}</p>
          <a href={elsewhere.logoutUrl} className="link">
            {texts.signIn.logOutThere}
          </a>
        </div>
      )}
      {elsewhere && (
        <SingleSignOn
          text={elsewhere.button}
          trip={() => ({ path: location.pathname + location.search + location.hash, keep })}
        />
      )}
      {elsewhere && takesPasswords && (
        <p className="text-center text-xs text-soft">{texts.signIn.or}</p>
      )}
      {takesPasswords && (
        <>
          <Input
            label={texts.logIn.email}
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
          <Input
            label={texts.logIn.password}
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </>
      )}
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={keep}
          onChange={(event) => setKeep(event.target.checked)}
        />
        {texts.logIn.keep}
      </label>
      <p role="alert" className="said text-critical empty:hidden">
        {problem ? (wrong ? texts.logIn.wrong : problemText(problem)) : ''}
      </p>
      {takesPasswords && (
        <Button type="submit" look="main" disabled={busy}>
          {busy ? texts.logIn.busy : texts.logIn.submit}
        </Button>
      )}
    </Door>
  );
}
