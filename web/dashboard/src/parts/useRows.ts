/** The rows of a list that the server pages: what is looked at is fetched, however far down. */
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { type RefObject, useRef, useState } from 'react';
import { poll } from '../api/live';
import type { Page } from '../api/types';
import type { Pages } from '../lib/held';
import { isTouched, useHeld, type Waiting } from './useHeld';

/** The API's largest page. */
export const PAGE_ROWS = 100;
/** Further down nobody scrolls, and every page there costs the server more: the list says that it goes on. */
export const ROWS_MAX = 10_000;

export interface Rows<Row> {
  /** How many there are, shown or not. */
  total: number | undefined;
  /** How many can be scrolled to. */
  count: number;
  at: (index: number) => Row | undefined;
  /** Where one is, of those that were fetched; -1 if it is not among them. */
  find: (matches: (row: Row) => boolean) => number;
  /** Of the question: another one begins at the top. */
  name: string;
  /** Says which rows are looked at. */
  want: (first: number, last: number) => void;
  error: unknown;
  retry: () => void;
  /** What is shown belongs to the question before. */
  stale: boolean;
  /** What came and would move the rows under somebody's hand. */
  waiting: Waiting | null;
  /** Where the rows are drawn: rows that somebody's hand is on stay. */
  place: RefObject<HTMLDivElement | null>;
}

export function useRows<Row>(
  key: readonly unknown[],
  fetchPage: (pageNumber: number, signal: AbortSignal) => Promise<Page<Row>>,
  options: {
    pollMs?: number;
    /** What tells rows apart; with it, rows stay under somebody's hand when others come. */
    rowKey?: (row: Row) => string;
    /** Rows stay wherever the hand is. */
    paused?: boolean;
  } = {},
): Rows<Row> {
  const name = JSON.stringify(key);
  const [wanted, setWanted] = useState<{ name: string; pages: number[] }>({ name, pages: [] });
  const pages = wanted.name === name ? wanted.pages : [];
  const query = (page: number) => ({
    queryKey: [...key, 'page', page],
    queryFn: ({ signal }: { signal: AbortSignal }) => fetchPage(page, signal),
    refetchInterval: options.pollMs === undefined ? undefined : () => poll(options.pollMs ?? 0),
  });
  const first = useQuery({ ...query(0), placeholderData: keepPreviousData });
  const others = useQueries({ queries: pages.map(query) });
  const total = first.data?.totalElements;
  const came = new Map<number, Row[]>();
  if (first.data) came.set(0, first.data.content);
  pages.forEach((page, place) => {
    const data = others[place]?.data;
    if (data) came.set(page, data.content);
  });
  const place = useRef<HTMLDivElement | null>(null);
  const { pages: held, waiting } = useHeld(
    first.isPlaceholderData ? '' : name,
    useStable(came),
    options.rowKey,
    () => options.paused || isTouched(place.current),
  );
  return {
    total,
    count: Math.min(total ?? 0, ROWS_MAX),
    at: (index) => held.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS],
    find: (matches) => {
      for (const [page, content] of held) {
        const place = content.findIndex(matches);
        if (place >= 0) return page * PAGE_ROWS + place;
      }
      return -1;
    },
    name,
    want: (from, to) => {
      const next: number[] = [];
      for (let page = Math.floor(from / PAGE_ROWS); page <= Math.floor(to / PAGE_ROWS); page += 1) {
        if (page > 0) next.push(page);
      }
      if (wanted.name !== name || next.join() !== pages.join()) setWanted({ name, pages: next });
    },
    error: first.error ?? others.find((other) => other.error)?.error ?? null,
    retry: () => {
      first.refetch();
      for (const other of others) other.refetch();
    },
    stale: first.isPlaceholderData,
    waiting,
    place,
  };
}

/** The one of before as long as it holds the same rows. */
function useStable<Row>(pages: Pages<Row>): Pages<Row> {
  const before = useRef(pages);
  const same =
    before.current.size === pages.size &&
    [...pages].every(([page, rows]) => before.current.get(page) === rows);
  if (!same) before.current = pages;
  return before.current;
}
