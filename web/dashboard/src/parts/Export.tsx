/** What is filtered, as CSV: page after page, with progress, until it is all there or stopped. */
import { useRef, useState } from 'react';
import { api, body } from '../api/client';
import { CATEGORIES, type Identity, scoreOf } from '../api/types';
import { csvRow, save } from '../lib/csv';
import type { IdentityFilters } from '../lib/filters';
import { number } from '../lib/format';
import { texts } from '../texts';
import { Button } from './Button';
import { tell, tellProblem } from './Toasts';
import { PAGE_ROWS } from './useRows';

/** As much as a spreadsheet opens without trouble, and the page holds. */
export const EXPORT_ROWS_MAX = 50_000;

const HEAD = [
  'id',
  'name',
  'email',
  'username',
  ...CATEGORIES.map((category) => category.toLowerCase()),
  'badges',
  'label',
  'disregarded',
  'created',
  'last active',
  'last scored',
];

function row(identity: Identity): string {
  return csvRow([
    identity.id,
    identity.displayName,
    identity.displayEmail,
    identity.displayUsername,
    ...CATEGORIES.map((category) => scoreOf(identity, category)),
    identity.badges.map((badge) => badge.name).join('; '),
    identity.label?.kind,
    identity.disregarded,
    identity.createdAt,
    identity.lastTrackedAt,
    identity.lastScoredAt,
  ]);
}

export function ExportButton({
  filters,
  total,
}: {
  filters: IdentityFilters;
  total: number | undefined;
}) {
  const [done, setDone] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const wanted = Math.min(total ?? 0, EXPORT_ROWS_MAX);

  async function run() {
    const control = new AbortController();
    stop.current = control;
    setDone(0);
    try {
      const parts = [csvRow(HEAD)];
      // By id: nobody moves between pages while they are read.
      const query = { ...filters, sort: 'id', order: 'ASC' as const, pageSize: PAGE_ROWS };
      for (let pageNumber = 0; parts.length - 1 < EXPORT_ROWS_MAX; pageNumber += 1) {
        const call = api.GET('/identities', {
          params: { query: { ...query, pageNumber } },
          signal: control.signal,
        });
        const page = await body(call);
        parts.push(...page.content.map(row));
        setDone(parts.length - 1);
        if (page.last) break;
      }
      save(`identities-${new Date().toISOString().slice(0, 10)}.csv`, parts);
      const cut = (total ?? 0) > EXPORT_ROWS_MAX;
      tell(
        cut
          ? texts.exporting.cut(number(EXPORT_ROWS_MAX))
          : texts.exporting.done(number(parts.length - 1)),
      );
    } catch (error) {
      if (!control.signal.aborted) tellProblem(error);
    } finally {
      setDone(null);
    }
  }

  if (done !== null) {
    return (
      <span className="flex items-center gap-2">
        <progress
          aria-label={texts.exporting.progress}
          className="h-2 w-28 accent-accent"
          max={wanted || 1}
          value={done}
        />
        <span className="text-sm text-soft tabular-nums">
          {number(done)} / {number(wanted)}
        </span>
        <Button small onClick={() => stop.current?.abort()}>
          {texts.common.stop}
        </Button>
      </span>
    );
  }
  return (
    <Button disabled={!total} onClick={run}>
      {texts.exporting.label}
    </Button>
  );
}
