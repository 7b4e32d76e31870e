/** What the identity did, the latest first. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { api, body } from '../../api/client';
import { number } from '../../lib/format';
import { Button } from '../../parts/Button';
import { EventList } from '../../parts/EventList';
import { Search } from '../../parts/Field';
import { Panel } from '../../parts/Page';
import { Empty, Failed, Loading } from '../../parts/States';
import { texts } from '../../texts';

const PAGE = 50;

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
  const onTerm = useCallback((typed: string) => setTerm(typed), []);
  const events = query.data?.pages.flatMap((page) => page.content) ?? [];
  const total = query.data?.pages[0]?.totalElements ?? 0;
  return (
    <Panel
      title={query.data ? texts.events.count(total) : texts.events.title}
      actions={<Search label={texts.events.search} value={term} onChange={onTerm} />}
    >
      {query.isPending && <Loading className="p-4" lines={8} />}
      {query.error && !query.data && <Failed error={query.error} retry={query.refetch} />}
      {query.data && events.length === 0 && (
        <Empty title={term ? texts.events.noneFound : texts.events.none} />
      )}
      <EventList events={events} />
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
