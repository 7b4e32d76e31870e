/** The rows of a list that the server pages: what is looked at is fetched, however far down. */
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Page } from '../api/types';

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
}

export function useRows<Row>(
  key: readonly unknown[],
  fetchPage: (pageNumber: number, signal: AbortSignal) => Promise<Page<Row>>,
  options: { pollMs?: number } = {},
): Rows<Row> {
  const name = JSON.stringify(key);
  const [wanted, setWanted] = useState<{ name: string; pages: number[] }>({ name, pages: [] });
  const pages = wanted.name === name ? wanted.pages : [];
  const query = (page: number) => ({
    queryKey: [...key, 'page', page],
    queryFn: ({ signal }: { signal: AbortSignal }) => fetchPage(page, signal),
    refetchInterval: options.pollMs,
  });
  const first = useQuery({ ...query(0), placeholderData: keepPreviousData });
  const others = useQueries({ queries: pages.map(query) });
  const total = first.data?.totalElements;
  const held = useMemo(() => {
    const held = new Map<number, Row[]>();
    if (first.data) held.set(0, first.data.content);
    pages.forEach((page, place) => {
      const data = others[place]?.data;
      if (data) held.set(page, data.content);
    });
    return held;
  }, [first.data, pages, others]);
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
  };
}
