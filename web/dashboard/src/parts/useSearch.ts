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
