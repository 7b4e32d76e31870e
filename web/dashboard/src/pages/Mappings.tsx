/** From the application's names of events and fields to the ones that Dregs knows. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { Mapping } from '../api/types';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { useOpen } from '../parts/Dialog';
import { DialogForm } from '../parts/DialogForm';
import { Choice, Input, Search, SelectField } from '../parts/Field';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Empty, Fetched } from '../parts/States';
import { UnmappedNames } from '../parts/UnmappedNames';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';

const KINDS = ['EVENT_TYPE', 'IDENTITY_FIELD'] as const;
type Kind = (typeof KINDS)[number];
const NAME_CHARS_MAX = 128;
const TOUCHES = ['mappings'];

const put = ({ kind, source, target, description }: Omit<Mapping, 'scope'>) =>
  body(api.PUT('/mappings', { body: { kind, source, target, description } }));
const remove = (kind: string, source: string) =>
  body(api.DELETE('/mappings', { params: { query: { kind, source } } }));

export default function Mappings() {
  const { write } = useRights();
  const [kind, setKind] = useState<Kind>('EVENT_TYPE');
  const [term, setTerm] = useState('');
  const [making, open, close] = useOpen();
  const query = useQuery({
    queryKey: ['mappings', kind],
    queryFn: ({ signal }) => body(api.GET('/mappings', { params: { query: { kind } }, signal })),
  });
  const targets = [...new Set(query.data?.map((mapping) => mapping.target))].sort();
  return (
    <Page
      title={texts.mappings.title}
      lead={texts.mappings.lead}
      actions={
        write && (
          <Button look="main" onClick={open}>
            {texts.mappings.make}
          </Button>
        )
      }
    >
      <div>
        <Choice
          label={texts.mappings.kind}
          value={kind}
          options={KINDS.map((one) => [one, texts.mappings.kinds[one]] as const)}
          onChange={setKind}
        />
      </div>
      {query.data && <UnmappedNames key={kind} kind={kind} mappings={query.data} write={write} />}
      <Panel title={texts.unmapped.all}>
        <div className="border-b border-line p-3">
          <Search label={texts.mappings.search} value={term} onChange={setTerm} />
        </div>
        <Fetched query={query} lines={8}>
          {(mappings) => <List mappings={mappings} term={term} write={write} />}
        </Fetched>
      </Panel>
      {making && <Form kind={kind} targets={targets} onClose={close} />}
    </Page>
  );
}

/** The team's own first: they overrule the others. */
function ordered(mappings: Mapping[], term: string): Mapping[] {
  const wanted = term.toLowerCase();
  return mappings
    .filter((mapping) => `${mapping.source} ${mapping.target}`.toLowerCase().includes(wanted))
    .sort((a, b) => a.scope.localeCompare(b.scope) || a.target.localeCompare(b.target));
}

function List({ mappings, term, write }: { mappings: Mapping[]; term: string; write: boolean }) {
  const found = ordered(mappings, term);
  const drop = useAct({
    act: (mapping: Mapping) => remove(mapping.kind, mapping.source),
    done: (mapping) => texts.mappings.deleted(mapping.source.slice(0, 60)),
    undo: (mapping) => put(mapping),
    touches: TOUCHES,
  });
  if (found.length === 0) return <Empty title={texts.mappings.none} />;
  return (
    <ul>
      {found.map((mapping) => (
        <li
          key={`${mapping.scope} ${mapping.source}`}
          className="grid min-h-10 grid-cols-[1fr_auto] items-center gap-x-4 border-b border-line px-4 py-1.5 last:border-0 sm:grid-cols-[1fr_200px_110px_80px]"
        >
          <span className="min-w-0">
            <Said max={80}>{mapping.source}</Said>
            {mapping.description && (
              <span className="block text-xs text-soft">
                <Said>{mapping.description}</Said>
              </span>
            )}
          </span>
          <span className="font-mono text-xs">{mapping.target}</span>
          <span>
            <Tag look={mapping.scope === 'CUSTOMER' ? 'accent' : 'plain'}>
              {mapping.scope === 'CUSTOMER' ? texts.mappings.own : texts.mappings.shipped}
            </Tag>
          </span>
          <span>
            {write && mapping.scope === 'CUSTOMER' && (
              <Button small onClick={() => drop.mutate(mapping)} disabled={drop.isPending}>
                {texts.rules.delete}
              </Button>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Form({ kind, targets, onClose }: { kind: Kind; targets: string[]; onClose: () => void }) {
  const [source, setSource] = useState('');
  const [target, setTarget] = useState(targets[0] ?? '');
  const [description, setDescription] = useState('');
  const save = useAct({
    act: () =>
      put({ kind, source: source.trim(), target, description: description.trim() || null }),
    done: () => texts.mappings.saved,
    touches: TOUCHES,
    after: onClose,
  });
  return (
    <DialogForm
      title={`${texts.mappings.make}: ${texts.mappings.kinds[kind]}`}
      onClose={onClose}
      act={texts.common.save}
      blocked={save.isPending || !source.trim() || !target}
      onAct={() => save.mutate()}
    >
      <Input
        label={texts.mappings.source}
        hint={texts.mappings.sourceHint}
        required
        maxLength={NAME_CHARS_MAX}
        value={source}
        onChange={(event) => setSource(event.target.value)}
      />
      <SelectField
        label={texts.mappings.target}
        value={target}
        options={targets.map((one) => [one, one] as const)}
        onChange={setTarget}
      />
      <Input
        label={texts.mappings.description}
        maxLength={200}
        value={description}
        onChange={(event) => setDescription(event.target.value)}
      />
    </DialogForm>
  );
}
