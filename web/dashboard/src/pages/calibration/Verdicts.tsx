/** Who was found to be what. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../../api/client';
import type { Label } from '../../api/types';
import { Choice, Select } from '../../parts/Field';
import { LabelTag } from '../../parts/Label';
import { Who } from '../../parts/Links';
import { Panel } from '../../parts/Page';
import { Pager } from '../../parts/Pager';
import { Said, SaidAll } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useSearch, useSetSearch } from '../../parts/useSearch';
import { texts } from '../../texts';

const PAGE = 20;
const KINDS = ['', ...Object.keys(texts.labels.kinds)];

/** Who was found to be what, newest first. */
export function Verdicts() {
  const { kind, side } = useSearch();
  const setSearch = useSetSearch();
  const [page, setPage] = useState(0);
  const chosen = KINDS.find((one) => one === kind) ?? '';
  const which = side === 'true' || side === 'false' ? side : '';
  const query = useQuery({
    queryKey: ['labels', chosen, which, page],
    queryFn: ({ signal }) =>
      body(
        api.GET('/labels', {
          params: {
            query: {
              pageNumber: page,
              pageSize: PAGE,
              kind: chosen || undefined,
              legitimate: which ? which === 'true' : undefined,
            },
          },
          signal,
        }),
      ),
  });
  const narrow = (to: Record<string, string | undefined>) => {
    setPage(0);
    setSearch(to);
  };
  return (
    <Panel
      title={texts.calibration.labels}
      actions={
        <>
          <Choice
            label={texts.calibration.side}
            value={which}
            onChange={(to) => narrow({ side: to || undefined, kind: undefined })}
            options={texts.calibration.sides}
          />
          <Select
            label={texts.labels.what}
            value={chosen}
            onChange={(to) => narrow({ kind: to || undefined, side: undefined })}
            options={KINDS.map(
              (one) => [one, one ? texts.labels.kind(one) : texts.calibration.anyKind] as const,
            )}
          />
        </>
      }
    >
      <Fetched query={query} lines={4}>
        {(found) =>
          found.totalElements === 0 ? (
            <Empty title={texts.calibration.noLabels}>{texts.calibration.noneHint}</Empty>
          ) : (
            <>
              <ul>
                {found.content.map((label) => (
                  <Given key={label.identity.id} label={label} />
                ))}
              </ul>
              <Pager found={found} page={page} onPage={setPage} />
            </>
          )
        }
      </Fetched>
    </Panel>
  );
}

function Given({ label }: { label: Label }) {
  return (
    <li className="grid grid-cols-1 items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2 last:border-0 sm:grid-cols-[minmax(0,1fr)_170px_minmax(0,1.4fr)_minmax(0,200px)]">
      <Who id={label.identity.id} name={label.identity.label} />
      <span>
        <LabelTag label={label} />
      </span>
      <span className="min-w-0">{label.note && <SaidAll max={160}>{label.note}</SaidAll>}</span>
      <span className="min-w-0 text-sm text-soft">
        <Said max={40}>{label.labelledBy}</Said>, <Time at={label.labelledAt} />
      </span>
    </li>
  );
}
