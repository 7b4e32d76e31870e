/** One escalation by itself: where a notification leads. */
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { poll } from '../api/live';
import { escalationQuery } from '../api/queries';
import { EscalationDetail } from '../parts/EscalationDetail';
import { Page, Panel } from '../parts/Page';
import { Fetched } from '../parts/States';
import { useEscalationKeys } from '../parts/useEscalationActs';
import { texts } from '../texts';

export default function Escalation() {
  const { id } = useParams({ from: '/escalations/$id' });
  const query = useQuery({ ...escalationQuery(id), refetchInterval: () => poll(10_000) });
  useEscalationKeys(query.data);
  return (
    <Page title={texts.escalations.one}>
      <Panel className="max-w-3xl">
        <Fetched query={query} lines={8}>
          {(escalation) => <EscalationDetail escalation={escalation} />}
        </Fetched>
      </Panel>
    </Page>
  );
}
