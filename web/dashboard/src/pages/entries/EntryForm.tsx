/** Adds an entry, or changes or overrules one. */
import { useState } from 'react';
import type { Dataset, Entry } from '../../api/types';
import { DialogForm } from '../../parts/DialogForm';
import { Input, SelectField } from '../../parts/Field';
import { useAct } from '../../parts/useAct';
import { texts } from '../../texts';
import { drop, put, TOUCHES } from './change';

/** As the API has them. */
const NOTE_CHARS_MAX = 500;
const KEY_CHARS_MAX = 256;

export function EntryForm({
  dataset,
  entry,
  onClose,
}: {
  dataset: Dataset;
  entry?: Entry;
  onClose: () => void;
}) {
  const { slug, values } = dataset;
  const [key, setKey] = useState(entry?.key ?? '');
  const [value, setValue] = useState(
    entry && values.includes(entry.value) ? entry.value : (values[0] ?? ''),
  );
  const [note, setNote] = useState(entry?.scope === 'CUSTOMER' ? (entry.note ?? '') : '');
  const save = useAct({
    act: () => put(slug, { key: key.trim(), value, note: note.trim() || null }),
    done: () => texts.datasets.saved,
    undo: () =>
      entry?.scope === 'CUSTOMER'
        ? put(slug, { key: entry.key, value: entry.value, note: entry.note })
        : drop(slug, key.trim()),
    touches: TOUCHES,
    after: onClose,
  });
  return (
    <DialogForm
      title={entry ? texts.datasets.changeOf(entry.key) : texts.datasets.add}
      onClose={onClose}
      act={texts.common.save}
      blocked={save.isPending || !key.trim()}
      onAct={() => save.mutate()}
    >
      <Input
        label={texts.datasets.key}
        hint={dataset.key}
        required
        readOnly={entry !== undefined}
        maxLength={KEY_CHARS_MAX}
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      <SelectField
        label={texts.datasets.value}
        value={value}
        options={values.map((one) => [one, one] as const)}
        onChange={setValue}
      />
      <Input
        label={texts.datasets.note}
        hint={texts.datasets.noteHint}
        maxLength={NOTE_CHARS_MAX}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
    </DialogForm>
  );
}
