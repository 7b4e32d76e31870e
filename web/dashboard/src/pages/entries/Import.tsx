/** Many entries at once, pasted as lines. */
import { useState } from 'react';
import { api, body } from '../../api/client';
import type { Dataset } from '../../api/types';
import { parseEntries } from '../../lib/entries';
import { DialogForm } from '../../parts/DialogForm';
import { TextArea } from '../../parts/Field';
import { useAct } from '../../parts/useAct';
import { texts } from '../../texts';
import { TOUCHES } from './change';

/** As the API has it. */
const IMPORT_MAX = 5_000;
/** More wrong lines than this are not read. */
const WRONG_SHOWN = 5;

export function Import({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  const { slug, values } = dataset;
  const [lines, setLines] = useState('');
  const { entries, wrong } = parseEntries(lines, values);
  const known = values.join(', ');
  const load = useAct({
    act: () =>
      body(
        api.POST('/datasets/{slug}/entries/actions/import', {
          params: { path: { slug } },
          body: { entries },
        }),
      ),
    done: (_, done) => texts.datasets.imported(done?.created ?? 0, done?.updated ?? 0),
    touches: TOUCHES,
    after: onClose,
  });
  const tooMany = entries.length > IMPORT_MAX;
  return (
    <DialogForm
      title={texts.datasets.import}
      onClose={onClose}
      wide
      act={texts.datasets.importAct(entries.length)}
      blocked={load.isPending || entries.length === 0 || wrong.length > 0 || tooMany}
      onAct={() => load.mutate()}
    >
      <TextArea
        label={texts.datasets.lines}
        hint={texts.datasets.importHint(known)}
        rows={10}
        className="font-mono text-xs"
        value={lines}
        onChange={(event) => setLines(event.target.value)}
      />
      <div role="status" className="flex flex-col text-critical empty:hidden">
        {tooMany && <p>{texts.datasets.tooMany(IMPORT_MAX)}</p>}
        {wrong.slice(0, WRONG_SHOWN).map(({ line, value }) => (
          <p key={line} className="said">
            {texts.datasets.wrong(line, value, known)}
          </p>
        ))}
        {wrong.length > WRONG_SHOWN && <p>{texts.common.more(wrong.length - WRONG_SHOWN)}</p>}
      </div>
    </DialogForm>
  );
}
