/** The button that leads to the provider. */
import { queryOptions } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import { begin, type Trip } from '../lib/trip';
import { texts } from '../texts';
import { Button } from './Button';
import { Said } from './Said';
import { problemText } from './Toasts';

/** The ways in. Until they are known it is the password, as everywhere. */
export const methodsQuery = queryOptions({
  queryKey: ['methods'],
  queryFn: ({ signal }) => body(api.GET('/auth/methods', { signal })),
  staleTime: 60_000,
});

export function SingleSignOn({ text, trip }: { text: string; trip: () => Trip }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  async function go() {
    setBusy(true);
    setProblem('');
    try {
      const { url } = await body(api.POST('/auth/sso/start'));
      begin(trip());
      location.assign(url);
    } catch (error) {
      setProblem(problemText(error));
      setBusy(false);
    }
  }
  return (
    <>
      <Button onClick={go} disabled={busy} className="h-auto min-h-[34px] whitespace-normal">
        {busy ? texts.signIn.leaving : <Said max={60}>{text}</Said>}
      </Button>
      <p role="alert" className="said text-critical empty:hidden">
        {problem}
      </p>
    </>
  );
}
