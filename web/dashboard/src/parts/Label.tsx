/** What somebody found an identity to be: shown beside its name, set from its page or from an escalation. */
import { useEffect, useRef, useState } from 'react';
import { api, body } from '../api/client';
import type { Escalation, Identity, Label } from '../api/types';
import { clip, visible } from '../lib/hostile';
import { texts } from '../texts';
import { Button } from './Button';
import { useOpen } from './Dialog';
import { DialogForm } from './DialogForm';
import { TextArea } from './Field';
import { Key } from './Key';
import { useKeys } from './keys';
import { Said } from './Said';
import { Time } from './Time';
import { useAct } from './useAct';

const NOTE_CHARS_MAX = 2_000;
const TITLE_CHARS_MAX = 300;
const LEGITIMATE = 'LEGITIMATE';
const KINDS = Object.keys(texts.labels.kinds);
/** Rules count labels, and may be paused by one. */
const TOUCHES = [
  'identity',
  'identities',
  'escalations',
  'dashboard',
  'escalation-rules',
  'badge-rules',
  'calibration',
  'labels',
];

const of = (id: string) => ({ params: { path: { id } } });

type Given = { kind: string; note?: string | null };

const put = (id: string, { kind, note }: Given) =>
  body(api.PUT('/identities/{id}/label', { ...of(id), body: { kind, note: note ?? null } }));
const take = (id: string) => body(api.DELETE('/identities/{id}/label', of(id)));
/** As it was before. */
const restore = (id: string, label: Given | null | undefined) =>
  label ? put(id, label) : take(id);

export function LabelTag({ label }: { label: Pick<Label, 'kind' | 'legitimate' | 'note'> }) {
  const look = label.legitimate
    ? 'border-good text-good bg-good-wash'
    : 'border-critical text-critical bg-critical-wash';
  return (
    <span
      title={label.note ? clip(visible(label.note), TITLE_CHARS_MAX).shown : undefined}
      className={`inline-flex shrink-0 items-center gap-1 rounded border px-1.5 text-xs leading-5 font-medium whitespace-nowrap ${look}`}
    >
      <span aria-hidden="true">{label.legitimate ? '✓' : '✕'}</span>
      {texts.labels.verdict(label.kind)}
    </span>
  );
}

/** On the page of an identity; `l` opens it. */
export function LabelButton({ identity }: { identity: Identity }) {
  const [asking, open, close] = useOpen();
  useKeys({ l: open });
  const { id } = identity;
  return (
    <>
      <Button onClick={open}>
        {identity.label ? texts.labels.change : texts.labels.label} <Key>l</Key>
      </Button>
      {asking && (
        <LabelDialog
          id={id}
          name={identity.displayName ?? id}
          label={identity.label}
          give={(given) => put(id, given)}
          onClose={close}
        />
      )}
    </>
  );
}

/** On an escalation, which the label remembers. The page that lists it has the key. */
export function LabelThrough({
  escalation,
  label,
}: {
  escalation: Escalation;
  label?: Label | null;
}) {
  const [asking, open, close] = useOpen();
  return (
    <>
      <Button data-label onClick={open}>
        {label ? texts.labels.change : texts.labels.label} <Key>l</Key>
      </Button>
      {asking && (
        <LabelDialog
          id={escalation.identity.id}
          name={escalation.identity.label ?? escalation.identity.id}
          label={label}
          give={({ kind, note }) =>
            body(
              api.PUT('/escalations/{id}/label', {
                ...of(escalation.id),
                body: { kind, note: note ?? null },
              }),
            )
          }
          onClose={close}
        />
      )}
    </>
  );
}

function LabelDialog({
  id,
  name,
  label,
  give,
  onClose,
}: {
  id: string;
  name: string;
  /** What it has until then. */
  label?: Label | null;
  give: (given: Given) => Promise<unknown>;
  onClose: () => void;
}) {
  const [kind, setKind] = useState<string | null>(label?.kind ?? null);
  const [note, setNote] = useState(label?.note ?? '');
  // A dialog begins at its first button; this one was opened to choose.
  const choices = useRef<HTMLFieldSetElement>(null);
  useEffect(() => choices.current?.querySelector<HTMLInputElement>('[data-first]')?.focus(), []);
  const set = useAct({
    act: (given: Given) => give(given),
    done: (given) => texts.labels.done(given.kind),
    undo: () => restore(id, label),
    touches: TOUCHES,
    after: onClose,
  });
  const remove = useAct({
    act: () => take(id),
    done: () => texts.labels.removed,
    undo: () => restore(id, label),
    touches: TOUCHES,
    after: onClose,
  });
  return (
    <DialogForm
      title={
        <>
          {texts.labels.ask} <Said max={60}>{name}</Said>
        </>
      }
      onClose={onClose}
      wide
      act={texts.labels.set}
      blocked={!kind || set.isPending}
      onAct={() => kind && set.mutate({ kind, note: note.trim() || null })}
      aside={
        label && (
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {texts.labels.remove}
          </Button>
        )
      }
    >
      <p className="text-soft">{texts.labels.hint}</p>
      <fieldset ref={choices} className="grid grid-cols-2 gap-2 lg:grid-cols-3">
        <legend className="sr-only">{texts.labels.what}</legend>
        {KINDS.map((code, place) => (
          <Kind
            key={code}
            code={code}
            first={kind === null ? place === 0 : code === kind}
            checked={code === kind}
            onChoose={() => setKind(code)}
          />
        ))}
      </fieldset>
      <TextArea
        label={texts.labels.note}
        hint={texts.labels.noteHint}
        maxLength={NOTE_CHARS_MAX}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      {label && (
        <p className="text-sm text-soft">
          {texts.labels.current}: {texts.labels.kind(label.kind)}, {texts.labels.by}{' '}
          <Said max={60}>{label.labelledBy}</Said>, <Time at={label.labelledAt} />
        </p>
      )}
    </DialogForm>
  );
}

function Kind({
  code,
  first,
  checked,
  onChoose,
}: {
  code: string;
  /** Where the keyboard begins. */
  first: boolean;
  checked: boolean;
  onChoose: () => void;
}) {
  const [name, about] = texts.labels.kinds[code] ?? [code, ''];
  const look = checked ? 'border-accent bg-accent-wash' : 'border-line hover:bg-sunken';
  const wide = code === LEGITIMATE ? 'col-span-2 lg:col-span-3' : '';
  return (
    <label
      className={`flex cursor-pointer items-start gap-2 rounded-lg border p-2 ${look} ${wide}`}
    >
      <input
        type="radio"
        name="kind"
        value={code}
        data-first={first || undefined}
        checked={checked}
        onChange={onChoose}
        className="mt-0.5 size-4 accent-accent"
      />
      <span className="min-w-0 leading-tight">
        <span className="block font-medium">{name}</span>
        <span className="text-xs text-soft">{about}</span>
      </span>
    </label>
  );
}
