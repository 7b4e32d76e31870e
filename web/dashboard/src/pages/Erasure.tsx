/** How far an erasure is. It names nobody. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api, body } from '../api/client';
import { Facts, Page, Panel } from '../parts/Page';
import { Fetched } from '../parts/States';
import { Time } from '../parts/Time';
import { texts } from '../texts';

const POLL_MS = 1_000;

export default function Erasure() {
  const { id } = useParams({ from: '/erasures/$id' });
  const query = useQuery({
    queryKey: ['erasures', id],
    queryFn: ({ signal }) => body(api.GET('/erasures/{id}', { params: { path: { id } }, signal })),
    refetchInterval: (found) => (found.state.data?.status === 'DONE' ? false : POLL_MS),
  });
  return (
    <Page
      title={texts.erasure.one}
      actions={
        <Link to="/identities" className="link">
          {texts.erasure.all}
        </Link>
      }
    >
      <Panel className="max-w-3xl">
        <Fetched query={query} lines={4}>
          {(erasure) => {
            const done = erasure.status === 'DONE';
            return (
              <div className="flex flex-col gap-4 p-4">
                <div role="status" className="flex flex-col gap-2">
                  <p className={done ? 'font-medium text-good' : 'font-medium'}>
                    <span aria-hidden="true">{done ? '✓ ' : ''}</span>
                    {done ? texts.erasure.done : texts.erasure.pending}
                  </p>
                  {!done && (
                    <progress
                      aria-label={texts.erasure.progress}
                      className="h-2 w-full accent-accent"
                    />
                  )}
                </div>
                <Facts
                  facts={[
                    [texts.erasure.requested, <Time key="at" at={erasure.requestedAt} />],
                    [texts.erasure.finished, <Time key="end" at={erasure.finishedAt} />],
                    [
                      texts.erasure.digest,
                      <code key="digest" className="said text-xs select-all">
                        {erasure.digest}
                      </code>,
                    ],
                  ]}
                />
              </div>
            );
          }}
        </Fetched>
      </Panel>
    </Page>
  );
}
