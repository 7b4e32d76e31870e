/** From an empty store to the first score: each step notices by itself that it is done. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, body } from '../api/client';
import type { Identity } from '../api/types';
import { command, snippet } from '../lib/snippet';
import { texts } from '../texts';
import { CopyBlock } from './Copy';
import { useRights } from './useMe';

const POLL_MS = 2_500;

export function FirstRun({ identities }: { identities: Identity[] }) {
  const { write } = useRights();
  const keys = useQuery({
    queryKey: ['credentials'],
    queryFn: ({ signal }) => body(api.GET('/credentials', { signal })),
    enabled: write,
  });
  const events = useQuery({
    queryKey: ['events', 'first'],
    queryFn: ({ signal }) =>
      body(api.GET('/events', { params: { query: { pageSize: 1 } }, signal })),
    refetchInterval: POLL_MS,
  });
  const key = keys.data?.find((one) => !one.revokedAt && !one.disabled)?.publicKey ?? 'pk_…';
  const seen = (events.data?.totalElements ?? 0) > 0;
  const first = identities[0];
  return (
    <ol className="flex max-w-4xl flex-col gap-4">
      <Step done={seen} place={1} title={texts.firstRun.send}>
        <p className="text-soft">{texts.firstRun.sendHint}</p>
        <CopyBlock label={texts.firstRun.page} text={snippet(location.origin, key)} />
        <CopyBlock label={texts.firstRun.shell} text={command(location.origin)} />
        {!write && <p className="text-soft">{texts.firstRun.askForKey}</p>}
        {write && (
          <Link to="/settings/credentials" className="link">
            {texts.firstRun.keys}
          </Link>
        )}
      </Step>
      <Step done={seen} place={2} title={texts.firstRun.event}>
        <p className="text-soft">{seen ? texts.firstRun.eventDone : texts.firstRun.eventWaiting}</p>
      </Step>
      <Step done={false} place={3} title={texts.firstRun.score}>
        <p className="text-soft">
          {first ? texts.firstRun.scoreWaiting : texts.firstRun.scoreHint}
        </p>
      </Step>
    </ol>
  );
}

function Step({
  done,
  place,
  title,
  children,
}: {
  done: boolean;
  place: number;
  title: string;
  children: ReactNode;
}) {
  return (
    <li className="panel flex gap-4 p-4">
      <span
        aria-hidden="true"
        className={`grid size-7 shrink-0 place-items-center rounded-full font-semibold ${done ? 'bg-good-wash text-good' : 'bg-sunken text-soft'}`}
      >
        {done ? '✓' : place}
      </span>
      <div className="flex min-w-0 flex-1 flex-col gap-3">
        <h2 className="font-semibold">
          {title} {done && <span className="sr-only">{texts.firstRun.done}</span>}
        </h2>
        {children}
      </div>
    </li>
  );
}
