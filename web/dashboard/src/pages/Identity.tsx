/** One identity: what to think of it and why first, everything else behind tabs. */
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { api, body } from '../api/client';
import { analysisQuery, identityQuery } from '../api/queries';
import type { Identity as IdentityView } from '../api/types';
import { Badges, Tag } from '../parts/Badges';
import { analyze, disregard } from '../parts/BulkBar';
import { Button } from '../parts/Button';
import { Copy } from '../parts/Copy';
import { Confirm, useOpen } from '../parts/Dialog';
import { LabelButton, LabelTag } from '../parts/Label';
import { Page } from '../parts/Page';
import { Said } from '../parts/Said';
import { Fetched } from '../parts/States';
import { Tabs } from '../parts/Tabs';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { useSetSearch } from '../parts/useSearch';
import { texts } from '../texts';
import { AddressesTab } from './identity/AddressesTab';
import { DataTab } from './identity/DataTab';
import { DevicesTab } from './identity/DevicesTab';
import { EventsTab } from './identity/EventsTab';
import { HistoryTab } from './identity/HistoryTab';
import { LabelTab } from './identity/LabelTab';
import { RelatedTab } from './identity/RelatedTab';
import { ReviewsTab } from './identity/ReviewsTab';
import { Verdict } from './identity/Verdict';
import { WhyTab } from './identity/WhyTab';

export default function Identity() {
  const { id } = useParams({ from: '/identities/$id' });
  const query = useQuery(identityQuery(id));
  const analysis = useQuery(analysisQuery(id));
  if (!query.data) {
    return (
      <Page title={id} heading={<Said>{id}</Said>}>
        <Fetched query={query} lines={10}>
          {() => null}
        </Fetched>
      </Page>
    );
  }
  const identity = query.data;
  const name =
    identity.displayName ?? identity.displayUsername ?? identity.displayEmail ?? identity.id;
  return (
    <Page
      key={id}
      title={name}
      heading={
        <span className="flex flex-wrap items-center gap-2">
          <Said max={100}>{name}</Said>
          {identity.disregarded && <Tag>{texts.identities.disregarded}</Tag>}
          {identity.label && <LabelTag label={identity.label} />}
          <Badges badges={identity.badges} all />
        </span>
      }
      lead={<Lead identity={identity} />}
      actions={<Actions identity={identity} />}
    >
      <Verdict identity={identity} analysis={analysis.data} waiting={analysis.isPending} />
      <Tabs
        label={texts.identity.tabs}
        tabs={[
          { key: 'why', label: texts.identity.why, show: () => <WhyTab identity={identity} /> },
          { key: 'related', label: texts.identity.related, show: () => <RelatedTab id={id} /> },
          { key: 'history', label: texts.identity.history, show: () => <HistoryTab id={id} /> },
          { key: 'events', label: texts.identity.events, show: () => <EventsTab id={id} /> },
          { key: 'devices', label: texts.identity.devices, show: () => <DevicesTab id={id} /> },
          {
            key: 'addresses',
            label: texts.addresses.title,
            show: () => <AddressesTab id={id} />,
          },
          { key: 'data', label: texts.identity.data, show: () => <DataTab identity={identity} /> },
          { key: 'reviews', label: texts.identity.reviews, show: () => <ReviewsTab id={id} /> },
          { key: 'label', label: texts.labels.label, show: () => <LabelTab identity={identity} /> },
        ]}
      />
    </Page>
  );
}

function Lead({ identity }: { identity: IdentityView }) {
  return (
    <div className="flex flex-col gap-0.5">
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Said max={120} className="font-mono text-xs">
          {identity.id}
        </Said>
        <Copy text={identity.id} label={texts.identity.copyId} />
        {identity.displayEmail && <Said max={80}>{identity.displayEmail}</Said>}
        {identity.displayUsername && <Said max={60}>{identity.displayUsername}</Said>}
      </span>
      <span className="text-sm">
        {texts.identity.firstSeen} <Time at={identity.createdAt} /> · {texts.identity.lastActive}{' '}
        <Time at={identity.lastTrackedAt} /> · {texts.identity.lastScored}{' '}
        <Time at={identity.lastScoredAt} />
      </span>
    </div>
  );
}

function Actions({ identity }: { identity: IdentityView }) {
  const { write, work } = useRights();
  const [asking, open, close] = useOpen();
  const setSearch = useSetSearch();
  const touches = ['identity', 'identities', 'rings', 'escalations'];
  const set = useAct({
    act: (disregarded: boolean) => disregard(identity.id, disregarded),
    done: (disregarded) => (disregarded ? texts.identity.disregarded : texts.identity.regarded),
    undo: (disregarded) => disregard(identity.id, !disregarded),
    touches,
    after: close,
  });
  const again = useAct({
    act: () => analyze(identity.id),
    done: () => texts.identity.analyzing,
    touches,
  });
  const review = useAct({
    act: () =>
      body(
        api.POST('/identities/{id}/actions/review', {
          params: { path: { id: identity.id } },
          body: {},
        }),
      ),
    done: () => texts.identity.reviewing,
    touches: ['identity'],
    after: () => setSearch({ tab: 'reviews' }),
  });
  if (!work) return null;
  return (
    <>
      <LabelButton identity={identity} />
      <Button onClick={() => review.mutate()} disabled={review.isPending}>
        {texts.actions.review}
      </Button>
      {write && (
        <Button onClick={() => again.mutate()} disabled={again.isPending || identity.disregarded}>
          {texts.actions.analyze}
        </Button>
      )}
      {write &&
        (identity.disregarded ? (
          <Button onClick={() => set.mutate(false)} disabled={set.isPending}>
            {texts.actions.regard}
          </Button>
        ) : (
          <Button look="danger" onClick={open}>
            {texts.actions.disregard}
          </Button>
        ))}
      {asking && (
        <Confirm
          title={texts.identity.askDisregard}
          act={texts.actions.disregard}
          look="danger"
          busy={set.isPending}
          onAct={() => set.mutate(true)}
          onClose={close}
        >
          <p>{texts.actions.disregardHint}</p>
        </Confirm>
      )}
    </>
  );
}
