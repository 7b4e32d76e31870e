/** Reviews: the evidence in a few sentences, on request. */
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, body } from '../../api/client';
import { reviewsQuery } from '../../api/queries';
import type { Review } from '../../api/types';
import { duration } from '../../lib/format';
import { StatusTag } from '../../parts/Badges';
import { Button } from '../../parts/Button';
import { TextArea } from '../../parts/Field';
import { Panel } from '../../parts/Page';
import { Said, SaidAll } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useRights } from '../../parts/useMe';
import { texts } from '../../texts';

const FEEDBACK_CHARS_MAX = 1_000;

export function ReviewsTab({ id }: { id: string }) {
  const { work } = useRights();
  const query = useQuery(reviewsQuery(id));
  return (
    <div className="flex flex-col gap-4">
      {work && <Ask id={id} />}
      <Panel title={texts.reviews.title}>
        <Fetched query={query} lines={3}>
          {(reviews) =>
            reviews.length === 0 ? (
              <Empty title={texts.reviews.none}>{texts.reviews.noneHint}</Empty>
            ) : (
              <ul>
                {reviews.map((review) => (
                  <One key={review.id} review={review} />
                ))}
              </ul>
            )
          }
        </Fetched>
      </Panel>
    </div>
  );
}

function One({ review }: { review: Review }) {
  const { write, work } = useRights();
  const [open, setOpen] = useState(false);
  const pending = review.status === 'PENDING';
  const failed = review.status === 'FAILED';
  return (
    <li className="flex flex-col gap-1.5 border-b border-line px-4 py-3 last:border-0">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-soft">
        <StatusTag status={review.status} />
        <span>
          <Said max={60}>{review.requestedBy}</Said>, <Time at={review.createdAt} />
        </span>
        {!pending && <span>· {how(review)}</span>}
      </p>
      {review.userFeedback && (
        <p className="text-soft">
          {texts.reviews.feedback} <SaidAll>{review.userFeedback}</SaidAll>
        </p>
      )}
      {review.errorMessage && (
        <div
          className={`rounded-lg px-3 py-2 ${failed ? 'bg-critical-wash text-critical' : 'bg-poor-wash text-poor'}`}
        >
          <p className="font-medium">
            {failed
              ? texts.reviews.failed
              : pending
                ? texts.reviews.trying
                : texts.reviews.fallback}
          </p>
          <SaidAll max={300}>{review.errorMessage}</SaidAll>
        </div>
      )}
      {review.summary && (
        <div className="max-w-prose">
          <SaidLines text={review.summary} />
        </div>
      )}
      <div className="flex flex-wrap gap-2 empty:hidden">
        {failed && work && <Again review={review} />}
        {write && review.model && !pending && (
          <Button small aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? texts.reviews.hide : texts.reviews.transcript}
          </Button>
        )}
      </div>
      {open && <Transcript review={review} />}
    </li>
  );
}

/** Who wrote it, how often it was asked and how long it took. */
function how({ model, attempts, durationMillis, errorMessage }: Review): string {
  const writer = errorMessage ? texts.reviews.askedOf : texts.reviews.by;
  return [
    model ? writer(model) : texts.reviews.byEvidence,
    attempts > 1 ? texts.reviews.attempts(attempts) : '',
    durationMillis == null ? '' : texts.reviews.took(duration(durationMillis)),
  ]
    .filter(Boolean)
    .join(', ');
}

function Again({ review }: { review: Review }) {
  const ask = useAct({
    act: () =>
      body(
        api.POST('/identities/{id}/actions/review', {
          params: { path: { id: review.identityId } },
          body: { feedback: review.userFeedback ?? null },
        }),
      ),
    touches: ['identity'],
  });
  return (
    <Button small onClick={() => ask.mutate()} disabled={ask.isPending}>
      {texts.reviews.again}
    </Button>
  );
}

/** What a language model was asked and answered: both are full of strangers' words. */
function Transcript({ review }: { review: Review }) {
  const query = useQuery({
    queryKey: ['identity', review.identityId, 'reviews', review.id],
    queryFn: ({ signal }) =>
      body(
        api.GET('/identities/{id}/reviews/{reviewId}/transcript', {
          params: { path: { id: review.identityId, reviewId: review.id } },
          signal,
        }),
      ),
  });
  return (
    <section className="mt-1 rounded-lg border border-line bg-sunken p-3">
      <p className="mb-2 text-xs text-soft">{texts.reviews.untrusted}</p>
      <Fetched query={query} lines={4}>
        {({ messages, answer }) => (
          <div className="flex flex-col gap-3">
            <h3 className="font-medium">{texts.reviews.asked}</h3>
            {messages.map((message, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: messages have no other name
              <div key={place}>
                <p className="text-xs text-soft">
                  {texts.reviews.roles[message.role] ?? message.role}
                </p>
                <SaidLines text={message.content} />
              </div>
            ))}
            <h3 className="font-medium">{texts.reviews.answer}</h3>
            {answer ? (
              <SaidLines text={answer} />
            ) : (
              <p className="text-soft">{texts.reviews.noAnswer}</p>
            )}
          </div>
        )}
      </Fetched>
    </section>
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
        <TextArea
          label={texts.reviews.known}
          hint={texts.reviews.knownHint}
          maxLength={FEEDBACK_CHARS_MAX}
          value={feedback}
          onChange={(event) => setFeedback(event.target.value)}
        />
        <div>
          <Button type="submit" look="main" disabled={ask.isPending}>
            {texts.actions.review}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
