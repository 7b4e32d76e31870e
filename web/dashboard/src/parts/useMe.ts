/** Who is signed in, and what their role may do. */
import { useQuery } from '@tanstack/react-query';
import { api, body } from '../api/client';

export function useMe() {
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => body(api.GET('/auth/me', { signal })),
    staleTime: 60_000,
  });
}

export interface Rights {
  /** Change identities, devices, decisions, settings. */
  write: boolean;
  /** Work on escalations, labels and reviews. */
  work: boolean;
}

export function rightsOf(role: string | undefined): Rights {
  return { write: role === 'ADMIN', work: role === 'ADMIN' || role === 'USER' };
}

export function useRights(): Rights {
  return rightsOf(useMe().data?.role);
}
