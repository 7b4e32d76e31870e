/** Deciding whether two identities are one person: what it would change comes first, and it can be taken back. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { DecisionPreview } from '../api/types';
import { plural } from '../lib/format';
import { texts } from '../texts';
import { DialogForm } from './DialogForm';
import { TextArea } from './Field';
import { Foreseen } from './Foreseen';
import { Fetched } from './States';
import { useAct } from './useAct';

export type Verdict = 'SAME' | 'DIFFERENT';

const NOTE_CHARS_MAX = 1_000;

const pair = (id: string, otherId: string) => ({ params: { path: { id, otherId } } });

export const takeBack = (id: string, otherId: string) =>
  body(api.DELETE('/identities/{id}/decisions/{otherId}', pair(id, otherId)));

export const DECISION_TOUCHES = ['identity', 'identities', 'rings', 'cycle'];

export function Decide({
  id,
  otherId,
  otherName,
  verdict,
  onClose,
}: {
  id: string;
  otherId: string;
  otherName: string;
  verdict: Verdict;
  onClose: () => void;
}) {
  const [note, setNote] = useState('');
  const preview = useQuery({
    queryKey: ['decision-preview', id, otherId, verdict],
    queryFn: ({ signal }) =>
      body(
        api.POST('/identities/{id}/decisions/{otherId}/actions/preview', {
          ...pair(id, otherId),
          body: { verdict },
          signal,
        }),
      ),
    gcTime: 0,
    staleTime: 0,
  });
  const decide = useAct({
    act: () =>
      body(
        api.PUT('/identities/{id}/decisions/{otherId}', {
          ...pair(id, otherId),
          body: { verdict, note: note.trim() || null },
        }),
      ),
    done: () => texts.decide.done[verdict],
    undo: () => takeBack(id, otherId),
    touches: DECISION_TOUCHES,
    after: onClose,
  });
  return (
    <DialogForm
      title={texts.decide.title[verdict](otherName)}
      onClose={onClose}
      wide
      act={texts.decide.act[verdict]}
      blocked={decide.isPending || !preview.data}
      onAct={() => decide.mutate()}
    >
      <p className="text-soft">{texts.decide.hint[verdict]}</p>
      <section className="rounded-lg border border-line p-4">
        <h3 className="mb-2 font-semibold">{texts.decide.consequences}</h3>
        <Fetched query={preview} lines={3}>
          {(found) => <Consequences preview={found} />}
        </Fetched>
      </section>
      <TextArea
        label={texts.decide.note}
        hint={texts.decide.noteHint}
        maxLength={NOTE_CHARS_MAX}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
    </DialogForm>
  );
}

function sizes(rings: { members: string[] }[]): string {
  return rings.length === 0
    ? texts.decide.noRing
    : rings.map((ring) => plural(ring.members.length, 'account')).join(' + ');
}

function Consequences({ preview }: { preview: DecisionPreview }) {
  const changed = preview.scores.filter(
    (score) => score.predictedUniqueness != null && score.predictedUniqueness !== score.uniqueness,
  );
  return (
    <div className="flex flex-col gap-3">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        <dt className="text-soft">{texts.decide.links}</dt>
        <dd>
          {texts.decide.change(
            String(preview.linksBefore.length),
            String(preview.linksAfter.length),
          )}
        </dd>
        <dt className="text-soft">{texts.decide.rings}</dt>
        <dd>{texts.decide.change(sizes(preview.ringsBefore), sizes(preview.ringsAfter))}</dd>
      </dl>
      {changed.length === 0 ? (
        <p className="text-soft">{texts.decide.noScores}</p>
      ) : (
        <Foreseen scores={changed} />
      )}
      {preview.scores.length > 0 && (
        <p className="text-xs text-soft">
          {texts.decide.rescored(plural(preview.scores.length, 'identity', 'identities'))}
        </p>
      )}
    </div>
  );
}
