/** Working in another of one's teams. */
import { useNavigate } from '@tanstack/react-router';
import { api, body } from '../api/client';
import { replaceSession } from '../session';
import { useAct } from './useAct';

export function useSwitchTeam() {
  const navigate = useNavigate();
  return useAct({
    act: (teamId: string) => body(api.POST('/auth/team', { body: { teamId } })),
    touches: [],
    after: (_, session) => {
      // What is looked at belongs to the team that is left.
      navigate({ to: '/' });
      replaceSession(session?.token ?? '');
    },
  });
}
