/** Giving somebody their data, and erasing it. */
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, body, plainFetch } from '../../api/client';
import { saveAs } from '../../lib/csv';
import { Button } from '../../parts/Button';
import { Copy } from '../../parts/Copy';
import { Dialog, useOpen } from '../../parts/Dialog';
import { Input } from '../../parts/Field';
import { Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { useAct } from '../../parts/useAct';
import { texts } from '../../texts';

/** What may be a name of a file anywhere. */
const NAME_CHARS_MAX = 60;

const fileOf = (id: string) =>
  `identity-${id.replace(/[^\w.@-]+/g, '_').slice(0, NAME_CHARS_MAX)}.json`;

/** The document as the server wrote it: no digit of an id is read and written again on the way. */
async function download(id: string) {
  const written = await body(
    api.GET('/identities/{id}/export', {
      params: { path: { id } },
      parseAs: 'blob',
      fetch: plainFetch,
    }),
  );
  const document = written as unknown as Blob;
  // It is written while it is read: one without its end is incomplete.
  const end = await document.slice(-8).text();
  if (!end.trimEnd().endsWith('}')) throw new Error(texts.person.exportBroken);
  saveAs(fileOf(id), document);
}

export function TheirData({ id }: { id: string }) {
  const [erasing, ask, close] = useOpen();
  const get = useAct({
    act: () => download(id),
    done: () => texts.person.exported,
    touches: [],
  });
  return (
    <Panel title={texts.person.title}>
      <div className="flex flex-col gap-4 p-4">
        <div className="flex flex-col items-start gap-2">
          <p className="text-soft">{texts.person.exportHint}</p>
          <Button onClick={() => get.mutate()} disabled={get.isPending}>
            {get.isPending ? texts.person.downloading : texts.person.download}
          </Button>
        </div>
        <div className="flex flex-col items-start gap-2 border-t border-line pt-4">
          <p className="text-soft">{texts.person.eraseHint}</p>
          <Button look="danger" onClick={ask}>
            {texts.person.erase}…
          </Button>
        </div>
      </div>
      {erasing && <Erase id={id} onClose={close} />}
    </Panel>
  );
}

/** A field has no line breaks: what is typed is compared without. */
const typeable = (text: string) => text.replace(/[\r\n]/g, '').trim();

function Erase({ id, onClose }: { id: string; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const erase = useAct({
    act: () => body(api.DELETE('/identities/{id}', { params: { path: { id } } })),
    touches: ['identities', 'escalations', 'rings', 'dashboard'],
    after: (_, erasure) => {
      onClose();
      // What was read of them goes from this page too, and its address from the way back.
      navigate({ to: '/erasures/$id', params: { id: String(erasure.id) }, replace: true }).then(
        () => {
          for (const key of ['identity', 'cycle']) client.removeQueries({ queryKey: [key, id] });
        },
      );
    },
  });
  const sure = typeable(typed) === typeable(id);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (sure) erase.mutate();
  }
  return (
    <Dialog title={texts.person.askErase} onClose={onClose} wide>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="rounded-lg bg-critical-wash px-3 py-2 text-critical">
          {texts.person.eraseHint}
        </p>
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          <Lines title={texts.person.goes} lines={texts.person.going} />
          <Lines title={texts.person.stays} lines={texts.person.staying} />
        </div>
        <p className="text-soft">{texts.person.again}</p>
        <div className="flex flex-wrap items-center gap-2 text-sm">
          {texts.person.copy}
          <Said max={120} className="font-mono text-xs">
            {id}
          </Said>
          <Copy text={id} label={texts.identity.copyId} />
        </div>
        <Input
          label={texts.person.confirm}
          autoComplete="off"
          spellCheck={false}
          className="font-mono"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{texts.common.cancel}</Button>
          <Button type="submit" look="danger" disabled={!sure || erase.isPending}>
            {texts.person.erase}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Lines({ title, lines }: { title: string; lines: string[] }) {
  return (
    <section>
      <h3 className="mb-1 font-medium">{title}</h3>
      <ul className="flex list-disc flex-col gap-1 pl-5 text-soft">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}
