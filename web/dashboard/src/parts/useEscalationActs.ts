/** What can be done with an escalation, with the mouse or with one letter. */
import { useNavigate } from '@tanstack/react-router';
import { api, body } from '../api/client';
import type { Escalation } from '../api/types';
import { texts } from '../texts';
import { useKeys } from './keys';
import { useAct } from './useAct';
import { useMe, useRights } from './useMe';

type Status = 'OPEN' | 'ACKNOWLEDGED' | 'CLOSED';
type Change = { status: Status } | { assignedTo: string | null };

const patch = (id: string, change: Change) =>
  body(api.PATCH('/escalations/{id}', { params: { path: { id } }, body: change }));

/** Changes of an escalation, each with its way back. */
export function useEscalationActs() {
  const me = useMe().data;
  const status = useAct({
    act: ({ escalation, to }: { escalation: Escalation; to: Status }) =>
      patch(escalation.id, { status: to }),
    done: ({ to }) => texts.escalations.done[to],
    undo: ({ escalation }) => patch(escalation.id, { status: escalation.status as Status }),
    touches: ['escalations'],
  });
  const assign = useAct({
    act: ({ escalation, to }: { escalation: Escalation; to: string | null }) =>
      patch(escalation.id, { assignedTo: to }),
    done: ({ to }) => (to ? texts.escalations.assigned(to) : texts.escalations.unassigned),
    undo: ({ escalation }) => patch(escalation.id, { assignedTo: escalation.assignedTo ?? null }),
    touches: ['escalations'],
  });
  return {
    to: (escalation: Escalation, to: Status) => {
      if (escalation.status !== to && escalation.status !== 'PENDING')
        status.mutate({ escalation, to });
    },
    assign: (escalation: Escalation, to: string | null) => assign.mutate({ escalation, to }),
    assignToMe: (escalation: Escalation) => {
      if (me?.email && escalation.assignedTo !== me.email)
        assign.mutate({ escalation, to: me.email });
    },
  };
}

/** One letter an act, on whatever escalation is at hand. */
export function useEscalationKeys(escalation: Escalation | undefined) {
  const { work } = useRights();
  const acts = useEscalationActs();
  const navigate = useNavigate();
  const on = (act: (escalation: Escalation) => void) => () => {
    if (escalation && work) act(escalation);
  };
  useKeys({
    a: on((one) => one.status === 'OPEN' && acts.to(one, 'ACKNOWLEDGED')),
    c: on((one) => acts.to(one, 'CLOSED')),
    r: on((one) => acts.to(one, 'OPEN')),
    m: on(acts.assignToMe),
    n: on(() => document.querySelector<HTMLTextAreaElement>('[data-note]')?.focus()),
    l: on(() => document.querySelector<HTMLButtonElement>('[data-label]')?.click()),
    e: () =>
      escalation && navigate({ to: '/identities/$id', params: { id: escalation.identity.id } }),
  });
}
