/** Where the link leads by which somebody sets a password. */
import { Link, useLocation, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body, Problem } from '../api/client';
import { Button } from '../parts/Button';
import { Door } from '../parts/Door';
import { NewPassword } from '../parts/NewPassword';
import { problemText, tell } from '../parts/Toasts';
import { useAttempt } from '../parts/useAttempt';
import { texts } from '../texts';

export default function ResetPassword() {
  const token = useLocation().hash;
  const [password, setPassword] = useState('');
  const navigate = useNavigate();
  const { busy, problem, attempt } = useAttempt(async () => {
    await body(api.POST('/auth/password/reset', { body: { token, password } }));
    tell(texts.door.chosen);
    navigate({ to: '/', replace: true });
  });
  if (!token || (problem instanceof Problem && problem.status === 404)) return <LinkGone />;
  return (
    <Door title={texts.door.reset} onSubmit={attempt}>
      <p className="text-soft">{texts.door.resetHint}</p>
      <NewPassword label={texts.door.choose} value={password} onChange={setPassword} />
      <p role="alert" className="said text-critical empty:hidden">
        {problem ? problemText(problem) : ''}
      </p>
      <Button type="submit" look="main" disabled={busy}>
        {texts.door.set}
      </Button>
    </Door>
  );
}

export function LinkGone() {
  return (
    <Door title={texts.door.gone}>
      <p>{texts.door.goneHint}</p>
      <Link to="/" replace className="link">
        {texts.door.home}
      </Link>
    </Door>
  );
}
