/** Names that were sent and mean nothing yet, each with one click to say what it means. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { Mapping, Unmapped } from '../api/types';
import { day } from '../lib/format';
import { guessTarget } from '../lib/guess';
import { texts } from '../texts';
import { Button } from './Button';
import { Select } from './Field';
import { Panel } from './Page';
import { Said } from './Said';
import { Fetched } from './States';
import { useAct } from './useAct';

type Kind = 'EVENT_TYPE' | 'IDENTITY_FIELD';
/** Stands for all names beyond those that are counted one by one. */
const OTHER = '(other)';
/** The most frequent ones; further ones are a click away. */
const SHOWN = 8;

export function UnmappedNames({
  kind,
  mappings,
  write,
}: {
  kind: Kind;
  mappings: Mapping[];
  write: boolean;
}) {
  const [all, setAll] = useState(false);
  const query = useQuery({
    queryKey: ['mappings', 'unmapped', kind],
    queryFn: ({ signal }) =>
      body(api.GET('/mappings/unmapped', { params: { query: { kind } }, signal })),
  });
  const targets = [...new Set(mappings.map((mapping) => mapping.target))].sort();
  return (
    <Panel title={texts.unmapped.title}>
      <Fetched query={query}>
        {(names) => {
          if (names.length === 0) return <p className="p-4 text-soft">{texts.unmapped.none}</p>;
          const shown = all ? names : names.slice(0, SHOWN);
          return (
            <>
              <p className="px-4 pt-3 text-soft">{texts.unmapped.why}</p>
              <ul>
                {shown.map((name) => (
                  <Row
                    key={name.name}
                    name={name}
                    targets={targets}
                    guess={guessTarget(name.name, mappings)}
                    write={write}
                  />
                ))}
              </ul>
              {shown.length < names.length && (
                <div className="border-t border-line p-3">
                  <Button small onClick={() => setAll(true)}>
                    {texts.unmapped.showAll(names.length)}
                  </Button>
                </div>
              )}
            </>
          );
        }}
      </Fetched>
    </Panel>
  );
}

function Row({
  name,
  targets,
  guess,
  write,
}: {
  name: Unmapped;
  targets: string[];
  guess: string | undefined;
  write: boolean;
}) {
  const [chosen, setChosen] = useState('');
  const target = chosen || (guess ?? '');
  const { kind, name: source } = name;
  const map = useAct({
    act: () => body(api.PUT('/mappings', { body: { kind, source, target } })),
    done: () => texts.unmapped.mapped(source, target),
    undo: () => body(api.DELETE('/mappings', { params: { query: { kind, source } } })),
    touches: ['mappings'],
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-2 last:border-0">
      <span className="min-w-48 max-w-lg flex-1">
        {source === OTHER ? (
          texts.unmapped.other
        ) : (
          <Said max={80} className="font-medium">
            {source}
          </Said>
        )}
        <span className="block text-xs text-soft">
          {texts.unmapped.seen(name.count)}
          {' · '}
          {texts.unmapped.lastSeen} {day(name.lastSeenAt)}
        </span>
      </span>
      {write && source !== OTHER && (
        <span className="flex items-center gap-2">
          <Select
            label={texts.unmapped.meaningOf(source)}
            value={target}
            options={[['', texts.unmapped.choose], ...targets.map((one) => [one, one] as const)]}
            onChange={setChosen}
          />
          <Button
            aria-label={texts.unmapped.mapOf(source)}
            disabled={!target || map.isPending}
            onClick={() => map.mutate()}
          >
            {texts.unmapped.map}
          </Button>
        </span>
      )}
    </li>
  );
}
