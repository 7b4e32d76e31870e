/** One escalation by itself: where a notification leads. */
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { poll } from '../api/live';
import { escalationQuery } from '../api/queries';
import type { Escalation as EscalationView } from '../api/types';
import { EscalationDetail, useEscalationActs } from '../parts/EscalationDetail';
import { useKeys } from '../parts/keys';
import { Page, Panel } from '../parts/Page';
import { Fetched } from '../parts/States';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';

export default function Escalation() {
  const { id } = useParams({ from: '/escalations/$id' });
  const query = useQuery({ ...escalationQuery(id), refetchInterval: () => poll(10_000) });
  const { work } = useRights();
  const navigate = useNavigate();
  const acts = useEscalationActs();
  const on = (act: (escalation: EscalationView) => void) => () => {
    if (query.data && work) act(query.data);
  };
  useKeys({
    a: on((one) => one.status === 'OPEN' && acts.to(one, 'ACKNOWLEDGED')),
    c: on((one) => acts.to(one, 'CLOSED')),
    r: on((one) => acts.to(one, 'OPEN')),
    m: on(acts.assignToMe),
    n: on(() => document.querySelector<HTMLTextAreaElement>('[data-note]')?.focus()),
    l: on(() => document.querySelector<HTMLButtonElement>('[data-label]')?.click()),
    e: () =>
      query.data && navigate({ to: '/identities/$id', params: { id: query.data.identity.id } }),
  });
  return (
    <Page
      title={texts.escalations.one}
      actions={
        <Link to="/escalations" className="link">
          {texts.escalations.back}
        </Link>
      }
    >
      <Panel className="max-w-3xl">
        <Fetched query={query} lines={8}>
          {(escalation) => <EscalationDetail escalation={escalation} />}
        </Fetched>
      </Panel>
    </Page>
  );
}
