/** What stands behind the question mark, as texts, and changing it. */
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { parseSearch, type Text } from '../lib/filters';

export function useSearch(): Text {
  const { searchStr } = useLocation();
  return useMemo(() => parseSearch(searchStr), [searchStr]);
}

/** Replaces what is given and keeps the rest; undefined takes away. */
export function useSetSearch() {
  const navigate = useNavigate();
  return useCallback(
    (changed: Record<string, string | number | boolean | undefined>, push = false) => {
      const search = (before: Text) => ({ ...before, ...changed });
      // biome-ignore lint/suspicious/noExplicitAny: one hook for the search of every route
      navigate({ to: '.', search: search as any, replace: !push, resetScroll: false });
    },
    [navigate],
  );
}

/** Sets one text; an empty one takes it away. */
export function useSetText(name = 'term') {
  const setSearch = useSetSearch();
  return useCallback(
    (typed: string) => setSearch({ [name]: typed || undefined }),
    [setSearch, name],
  );
}

/** The order of a table: one that it knows, or its usual one. */
export function useSort<Sort extends string>(sorts: readonly Sort[], usual: Sort) {
  const search = useSearch();
  const setSearch = useSetSearch();
  return {
    sort: sorts.find((one) => one === search.sort) ?? usual,
    order: search.order === 'ASC' ? ('ASC' as const) : ('DESC' as const),
    onSort: (sort: string, order: 'ASC' | 'DESC') => setSearch({ sort, order }),
  };
}
