/** What became of each notification of a channel. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../../api/client';
import { poll } from '../../api/live';
import type { Channel, Delivery } from '../../api/types';
import { StatusTag } from '../../parts/Badges';
import { Button } from '../../parts/Button';
import { Select } from '../../parts/Field';
import { IdentityLink } from '../../parts/Links';
import { Pager } from '../../parts/Pager';
import { SaidAll } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { Steady } from '../../parts/Steady';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { texts } from '../../texts';
import { TOUCHES } from './change';

const POLL_MS = 3_000;
const PAGE = 20;
const STATUSES = ['', 'PENDING', 'DELIVERED', 'FAILED'] as const;

const idOf = (delivery: Delivery) => delivery.id;

export function Log({ channel, write }: { channel: Channel; write: boolean }) {
  const [page, setPage] = useState(0);
  const [status, setStatus] = useState<(typeof STATUSES)[number]>('');
  const query = useQuery({
    queryKey: ['channels', channel.slug, 'log', status, page],
    queryFn: ({ signal }) =>
      body(
        api.GET('/channels/{slug}/deliveries', {
          params: {
            path: { slug: channel.slug },
            query: { pageNumber: page, pageSize: PAGE, status: status || undefined },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: () => poll(POLL_MS),
  });
  return (
    <div className="border-t border-line">
      <div className="flex items-center justify-between gap-2 px-4 py-2">
        <h3 className="font-semibold">{texts.channels.deliveries}</h3>
        <Select
          label={texts.channels.status}
          value={status}
          options={STATUSES.map(
            (one) =>
              [
                one,
                one ? (texts.channels.statuses[one] ?? one) : texts.channels.anyStatus,
              ] as const,
          )}
          onChange={(to) => {
            setStatus(to);
            setPage(0);
          }}
        />
      </div>
      <Fetched query={query} lines={4}>
        {(found) =>
          found.content.length === 0 ? (
            <Empty title={texts.channels.noDeliveries} />
          ) : (
            <>
              <Steady name={`${status} ${page}`} rows={found.content} rowKey={idOf}>
                {(delivery) => <DeliveryRow key={delivery.id} delivery={delivery} write={write} />}
              </Steady>
              <Pager found={found} page={page} onPage={setPage} />
            </>
          )
        }
      </Fetched>
    </div>
  );
}

function DeliveryRow({ delivery, write }: { delivery: Delivery; write: boolean }) {
  const again = useAct({
    act: () =>
      body(
        api.POST('/deliveries/{id}/actions/redeliver', { params: { path: { id: delivery.id } } }),
      ),
    done: () => texts.channels.again,
    touches: TOUCHES,
  });
  return (
    <li className="grid grid-cols-1 items-center gap-x-4 gap-y-1 border-t border-line px-4 py-2 md:grid-cols-[190px_110px_1fr_auto]">
      <span>
        {texts.channels.events[delivery.trigger] ?? delivery.trigger}
        {delivery.identityId && (
          <span className="block text-xs">
            <IdentityLink id={delivery.identityId} />
          </span>
        )}
      </span>
      <StatusTag status={delivery.status} />
      <span className="min-w-0 text-sm text-soft">
        <Time at={delivery.createdAt} /> · {texts.channels.attempts(delivery.attempt)}
        {delivery.httpStatus != null && ` · HTTP ${delivery.httpStatus}`}
        {delivery.nextAttemptAt && (
          <>
            {' · '}
            {texts.channels.next} <Time at={delivery.nextAttemptAt} />
          </>
        )}
        {delivery.error && (
          <span className="block text-critical">
            <SaidAll max={160}>{delivery.error}</SaidAll>
          </span>
        )}
      </span>
      {write && delivery.status !== 'PENDING' && (
        <Button small onClick={() => again.mutate()} disabled={again.isPending}>
          {texts.channels.redeliver}
        </Button>
      )}
    </li>
  );
}
