/** Signing in. The address stays, so that a link from a notification leads where it points. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body, Problem } from '../api/client';
import { Button } from '../parts/Button';
import { Door } from '../parts/Door';
import { Input } from '../parts/Field';
import { problemText } from '../parts/Toasts';
import { beginSession, sessionIsOver } from '../session';
import { texts } from '../texts';

export function LogIn() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [keep, setKeep] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const client = useQueryClient();

  async function submit() {
    setBusy(true);
    setProblem('');
    try {
      const session = await body(
        api.POST('/auth/login', { body: { email: email.trim(), password } }),
      );
      client.clear();
      beginSession(session.token, keep);
    } catch (error) {
      const wrong = error instanceof Problem && error.status === 401;
      setProblem(wrong ? texts.logIn.wrong : problemText(error));
      setBusy(false);
    }
  }

  return (
    <Door title={texts.logIn.title} onSubmit={submit}>
      {sessionIsOver() && !problem && (
        <p className="rounded-lg bg-fair-wash px-3 py-2">{texts.logIn.over}</p>
      )}
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
        {problem}
      </p>
      <Button type="submit" look="main" disabled={busy}>
        {busy ? texts.logIn.busy : texts.logIn.submit}
      </Button>
    </Door>
  );
}
