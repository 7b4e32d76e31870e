/** Reviews: the evidence in a few sentences, on request. */
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, body } from '../../api/client';
import { reviewsQuery } from '../../api/queries';
import { StatusTag } from '../../parts/Badges';
import { Button } from '../../parts/Button';
import { Field } from '../../parts/Field';
import { Panel } from '../../parts/Page';
import { SaidAll } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useRights } from '../../parts/useMe';
import { texts } from '../../texts';

const FEEDBACK_CHARS_MAX = 1_000;

export function ReviewsTab({ id }: { id: string }) {
  const { write } = useRights();
  const query = useQuery(reviewsQuery(id));
  return (
    <div className="flex flex-col gap-4">
      {write && <Ask id={id} />}
      <Panel title={texts.reviews.title}>
        <Fetched query={query} lines={3}>
          {(reviews) =>
            reviews.length === 0 ? (
              <Empty title={texts.reviews.none}>{texts.reviews.noneHint}</Empty>
            ) : (
              <ul>
                {reviews.map((review) => (
                  <li
                    key={review.id}
                    className="flex flex-col gap-1.5 border-b border-line px-4 py-3 last:border-0"
                  >
                    <p className="flex flex-wrap items-center gap-2 text-sm text-soft">
                      <StatusTag status={review.status} />
                      {review.requestedBy}, <Time at={review.createdAt} />
                    </p>
                    {review.userFeedback && (
                      <p className="text-soft">
                        {texts.reviews.feedback} <SaidAll>{review.userFeedback}</SaidAll>
                      </p>
                    )}
                    {review.summary && (
                      <div className="max-w-prose">
                        <SaidLines text={review.summary} />
                      </div>
                    )}
                    {review.errorMessage && (
                      <p className="said text-critical">{review.errorMessage}</p>
                    )}
                  </li>
                ))}
              </ul>
            )
          }
        </Fetched>
      </Panel>
    </div>
  );
}

/** Its lines as lines; a summary may quote what strangers wrote. */
function SaidLines({ text }: { text: string }) {
  return text
    .split('\n')
    .filter((line) => line.trim())
    .map((line, place) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
      <p key={place} className="mb-1">
        <SaidAll max={1_000}>{line}</SaidAll>
      </p>
    ));
}

function Ask({ id }: { id: string }) {
  const [feedback, setFeedback] = useState('');
  const ask = useAct({
    act: () =>
      body(
        api.POST('/identities/{id}/actions/review', {
          params: { path: { id } },
          body: { feedback: feedback.trim() || null },
        }),
      ),
    touches: ['identity'],
    after: () => setFeedback(''),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    ask.mutate();
  }
  return (
    <Panel title={texts.reviews.ask}>
      <form onSubmit={submit} className="flex flex-col gap-3 p-4">
        <Field label={texts.reviews.known} hint={texts.reviews.knownHint}>
          {(field) => (
            <textarea
              id={field}
              rows={2}
              maxLength={FEEDBACK_CHARS_MAX}
              className="field h-auto py-2"
              value={feedback}
              onChange={(event) => setFeedback(event.target.value)}
            />
          )}
        </Field>
        <div>
          <Button type="submit" look="main" disabled={ask.isPending}>
            {texts.actions.review}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
