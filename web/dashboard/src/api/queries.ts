/** What more than one page asks for. The first part of a key is the kind of thing: changes name these. */
import { queryOptions } from '@tanstack/react-query';
import { edgesAmong } from '../lib/graph';
import { api, body } from './client';
import { poll } from './live';
import type { RingDetail } from './types';

const of = (id: string) => ({ params: { path: { id } } });

/** Where a list only gives names to choose from: they change seldom. */
export const NAMES_STALE_MS = 60_000;

export const badgeRulesQuery = queryOptions({
  queryKey: ['badge-rules'],
  queryFn: ({ signal }) => body(api.GET('/badge-rules', { signal })),
});

export const escalationRulesQuery = queryOptions({
  queryKey: ['escalation-rules'],
  queryFn: ({ signal }) => body(api.GET('/escalation-rules', { signal })),
});

export const channelsQuery = queryOptions({
  queryKey: ['channels'],
  queryFn: ({ signal }) => body(api.GET('/channels', { signal })),
});

export const escalationCountsQuery = queryOptions({
  queryKey: ['escalations', 'summary'],
  queryFn: ({ signal }) => body(api.GET('/escalations/summary', { signal })),
});

export const identityQuery = (id: string) =>
  queryOptions({
    queryKey: ['identity', id],
    queryFn: ({ signal }) => body(api.GET('/identities/{id}', { ...of(id), signal })),
    refetchInterval: () => poll(10_000),
  });

export const analysisQuery = (id: string) =>
  queryOptions({
    queryKey: ['identity', id, 'analysis'],
    queryFn: ({ signal }) => body(api.GET('/identities/{id}/analysis', { ...of(id), signal })),
    refetchInterval: () => poll(10_000),
  });

export const cycleQuery = (id: string, cycleId: string) =>
  queryOptions({
    queryKey: ['cycle', id, cycleId],
    queryFn: ({ signal }) =>
      body(
        api.GET('/identities/{id}/analysis/{cycleId}', {
          params: { path: { id, cycleId } },
          signal,
        }),
      ),
    // A cycle never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });

export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: ['identity', id, 'history'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/identities/{id}/history', {
          params: { path: { id }, query: { limit: 500 } },
          signal,
        }),
      ),
  });

export const linksQuery = (id: string) =>
  queryOptions({
    queryKey: ['identity', id, 'links'],
    queryFn: ({ signal }) => body(api.GET('/identities/{id}/links', { ...of(id), signal })),
  });

export const graphQuery = (id: string, hops: number, minStrength: number) =>
  queryOptions({
    queryKey: ['identity', id, 'graph', hops, minStrength],
    queryFn: ({ signal }) =>
      body(
        api.GET('/identities/{id}/graph', {
          params: { path: { id }, query: { hops, minStrength } },
          signal,
        }),
      ),
  });

/** How far a graph goes, as the API has it, and from where on a pair is strong (ARCHITECTURE.md). */
const HOPS_MAX = 4;
const STRONG = 0.6;

/** What links the members of a ring. */
export const ringEdgesQuery = (ring: RingDetail) =>
  queryOptions({
    queryKey: ['identity', ring.members[0]?.id, 'graph', 'ring', ring.id, ring.updatedAt],
    queryFn: ({ signal }) => {
      const query = { hops: HOPS_MAX, minStrength: STRONG };
      const ids = ring.members.map((member) => member.id);
      return edgesAmong(ids, ring.mainAccountId, (id) =>
        body(api.GET('/identities/{id}/graph', { params: { path: { id }, query }, signal })),
      );
    },
  });

export const decisionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['identity', id, 'decisions'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/link-decisions', { params: { query: { identity: id, pageSize: 100 } }, signal }),
      ),
  });

export const ringOfQuery = (id: string) =>
  queryOptions({
    queryKey: ['rings', 'of', id],
    queryFn: ({ signal }) =>
      body(api.GET('/rings', { params: { query: { identity: id, pageSize: 1 } }, signal })),
  });

export const ringQuery = (id: string) =>
  queryOptions({
    queryKey: ['rings', id],
    queryFn: ({ signal }) => body(api.GET('/rings/{id}', { ...of(id), signal })),
  });

export const escalationsOfQuery = (identity: string) =>
  queryOptions({
    queryKey: ['escalations', 'of', identity],
    queryFn: ({ signal }) =>
      body(api.GET('/escalations', { params: { query: { identity, pageSize: 50 } }, signal })),
  });

export const escalationQuery = (id: string) =>
  queryOptions({
    queryKey: ['escalations', 'one', id],
    queryFn: ({ signal }) => body(api.GET('/escalations/{id}', { ...of(id), signal })),
  });

export const notesQuery = (id: string) =>
  queryOptions({
    queryKey: ['escalations', 'notes', id],
    queryFn: ({ signal }) => body(api.GET('/escalations/{id}/notes', { ...of(id), signal })),
  });

export const reviewsQuery = (id: string) =>
  queryOptions({
    queryKey: ['identity', id, 'reviews'],
    queryFn: ({ signal }) => body(api.GET('/identities/{id}/reviews', { ...of(id), signal })),
    refetchInterval: (query) =>
      query.state.data?.some((review) => review.status === 'PENDING') ? 1_000 : false,
  });

export const labelQuery = (id: string) =>
  queryOptions({
    queryKey: ['identity', id, 'label'],
    queryFn: ({ signal }) => body(api.GET('/identities/{id}/label', { ...of(id), signal })),
  });
