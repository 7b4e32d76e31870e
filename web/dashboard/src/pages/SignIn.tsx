/** Where the provider of single sign-on sends people back to. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api, body } from '../api/client';
import { end, readReturn } from '../lib/trip';
import { Door } from '../parts/Door';
import { Loading } from '../parts/States';
import { problemText } from '../parts/Toasts';
import { beginSession } from '../session';
import { texts } from '../texts';

/** A code is good once, however often this page is drawn: the way to the next one leads out of the dashboard. */
let taken = false;

export default function SignIn() {
  const [problem, setProblem] = useState('');
  const client = useQueryClient();
  const router = useRouter();
  useEffect(() => {
    if (taken) return;
    taken = true;
    const returned = readReturn(location.search);
    const { path, keep, invitation } = end();
    // What came back stays in no history.
    history.replaceState(history.state, '', location.pathname);
    if ('error' in returned) {
      setProblem(texts.signIn.problems[returned.error] ?? texts.signIn.refused);
      return;
    }
    body(api.POST('/auth/sso', { body: { ...returned, invitation } }))
      .then((session) => {
        client.clear();
        beginSession(session.token, keep);
        router.history.replace(path);
      })
      .catch((error: unknown) => setProblem(problemText(error)));
  }, [client, router]);
  return (
    <Door title={problem ? texts.signIn.failed : texts.signIn.title}>
      <p role="alert" className="said text-critical empty:hidden">
        {problem}
      </p>
      {problem ? (
        <Link to="/" replace className="link">
          {texts.signIn.again}
        </Link>
      ) : (
        <Loading lines={2} />
      )}
    </Door>
  );
}
