/** What the identity did, the latest first, and what of it its observations rest on. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, body } from '../../api/client';
import { analysisQuery } from '../../api/queries';
import type { Event, Observation } from '../../api/types';
import { byEvent, observationsOf } from '../../lib/basis';
import { moment, number } from '../../lib/format';
import { Button } from '../../parts/Button';
import { EventList } from '../../parts/EventList';
import { Search } from '../../parts/Field';
import { Panel } from '../../parts/Page';
import { Empty, Failed, Loading } from '../../parts/States';
import { isTouched, useHeld } from '../../parts/useHeld';
import { useSearch, useSetSearch } from '../../parts/useSearch';
import { WaitingBar } from '../../parts/WaitingBar';
import { texts } from '../../texts';

const PAGE = 50;
/** Pages looked through for what an observation rests on; it rests on events of the latest 200. */
const PAGES_LOOKED_AT = 8;

const keyOf = (event: Event) => event.id;

export function EventsTab({ id }: { id: string }) {
  const [term, setTerm] = useState('');
  const query = useInfiniteQuery({
    queryKey: ['identity', id, 'events', term],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET('/events', {
          params: {
            query: { identity: id, term: term || undefined, pageNumber: pageParam, pageSize: PAGE },
          },
          signal,
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (last) => (last.last ? undefined : last.pageNumber + 1),
  });
  const list = useRef<HTMLDivElement>(null);
  const onTerm = useCallback((typed: string) => setTerm(typed), []);
  const came = useMemo(
    () => new Map([[0, query.data?.pages.flatMap((page) => page.content) ?? []]]),
    [query.data],
  );
  const { pages, waiting } = useHeld(`${id} ${term}`, came, keyOf, () => isTouched(list.current));
  const events = pages.get(0) ?? [];
  const total = query.data?.pages[0]?.totalElements ?? 0;
  const pointing = usePointing(id);
  const { chosen, marked } = pointing;
  const isThere = events.some((event) => marked.has(event.id));
  const looks =
    marked.size > 0 &&
    !isThere &&
    query.hasNextPage &&
    (query.data?.pages.length ?? 0) < PAGES_LOOKED_AT;
  const { fetchNextPage, isFetching } = query;
  useEffect(() => {
    if (looks && !isFetching) fetchNextPage();
  }, [looks, isFetching, fetchNextPage]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each observation that is chosen
  useEffect(() => {
    const first = list.current?.querySelector('[aria-current=true]');
    first?.scrollIntoView({ block: 'center' });
  }, [chosen?.id, isThere]);
  return (
    <Panel
      title={query.data ? texts.events.count(total) : texts.events.title}
      actions={<Search label={texts.events.search} value={term} onChange={onTerm} />}
    >
      {chosen && (
        <Chosen
          observation={chosen}
          state={isThere ? 'there' : looks || query.isPending ? 'looking' : 'gone'}
          onClear={pointing.clear}
        />
      )}
      {waiting && <WaitingBar waiting={waiting} />}
      {query.isPending && <Loading className="p-4" lines={8} />}
      {query.error && !query.data && <Failed error={query.error} retry={query.refetch} />}
      {query.data && events.length === 0 && (
        <Empty title={term ? texts.events.noneFound : texts.events.none} />
      )}
      <div ref={list}>
        <EventList events={[...events]} pointing={pointing} />
      </div>
      {query.hasNextPage && (
        <div className="p-3">
          <Button onClick={() => query.fetchNextPage()} disabled={query.isFetchingNextPage}>
            {texts.events.more(number(events.length), number(total))}
          </Button>
        </div>
      )}
    </Panel>
  );
}

/** What the observations of the latest analysis rest on; the chosen one is in the address bar. */
function usePointing(id: string) {
  const { data } = useQuery(analysisQuery(id));
  const { rests } = useSearch();
  const setSearch = useSetSearch();
  return useMemo(() => {
    const observations = observationsOf(data);
    const chosen = observations.find((seen) => seen.id === rests && seen.basis);
    return {
      chosen,
      marked: new Set(chosen?.basis?.events.map((event) => event.id)),
      observations: byEvent(observations),
      onChoose: (seen: Observation) => setSearch({ rests: seen.id }),
      clear: () => setSearch({ rests: undefined }),
    };
  }, [data, rests, setSearch]);
}

/** Which observation the marks are of. */
function Chosen({
  observation,
  state,
  onClear,
}: {
  observation: Observation;
  state: 'there' | 'looking' | 'gone';
  onClear: () => void;
}) {
  const { basis, label } = observation;
  if (!basis) return null;
  const said = {
    there: basis.count > basis.events.length ? texts.basis.of(basis.events.length) : '',
    looking: texts.basis.looking,
    gone: texts.basis.gone,
  }[state];
  return (
    <div
      role="status"
      className="flex flex-wrap items-center justify-between gap-2 border-b border-line bg-accent-wash px-4 py-2"
    >
      <p className="min-w-0">
        {texts.basis.lead(basis.count)} <strong>{label}</strong>
        <span className="text-sm text-soft">
          {' '}
          {moment(basis.from)}
          {basis.from !== basis.to && ` – ${moment(basis.to)}`}
          {said && `; ${said}`}
        </span>
      </p>
      <Button small onClick={onClear}>
        {texts.basis.clear}
      </Button>
    </div>
  );
}
