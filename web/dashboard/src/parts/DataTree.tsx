/** Attributes as they were sent, as text: names and values are strangers' words alike. */
import { useState } from 'react';
import { texts } from '../texts';
import { Said, SaidAll } from './Said';

/** Entries of one object or list before one asks for more. */
const ENTRIES_SHOWN = 40;
/** Deeper than the server takes. */
const DEPTH_MAX = 10;

export function DataTree({ data, depth = 0 }: { data: unknown; depth?: number }) {
  const [shown, setShown] = useState(ENTRIES_SHOWN);
  if (data === null || data === undefined) return <span className="text-soft">null</span>;
  if (typeof data === 'string') return <SaidAll>{data}</SaidAll>;
  if (typeof data !== 'object') return <span className="tabular-nums">{String(data)}</span>;
  const entries = Object.entries(data);
  if (entries.length === 0)
    return <span className="text-soft">{Array.isArray(data) ? '[ ]' : '{ }'}</span>;
  if (depth >= DEPTH_MAX) return <SaidAll>{JSON.stringify(data)}</SaidAll>;
  return (
    <dl
      className={`grid grid-cols-[fit-content(40%)_minmax(0,1fr)] gap-x-4 gap-y-1 ${depth > 0 ? 'border-l border-line pl-3' : ''}`}
    >
      {entries.slice(0, shown).map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="max-w-48 text-soft">
            <Said max={60}>{name}</Said>
          </dt>
          <dd className="min-w-0">
            <DataTree data={value} depth={depth + 1} />
          </dd>
        </div>
      ))}
      {entries.length > shown && (
        <div className="contents">
          <dt />
          <dd>
            <button
              type="button"
              className="link text-sm"
              onClick={() => setShown(shown + ENTRIES_SHOWN)}
            >
              {texts.data.more(entries.length - shown)}
            </button>
          </dd>
        </div>
      )}
    </dl>
  );
}
