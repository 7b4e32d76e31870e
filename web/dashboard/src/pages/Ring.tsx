/** One ring: its members as a picture and a list, what holds it, and where it would come apart. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body } from '../api/client';
import { poll } from '../api/live';
import { ringEdgesQuery, ringQuery } from '../api/queries';
import type { RingDetail } from '../api/types';
import { number, percent, plural } from '../lib/format';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Confirm } from '../parts/Dialog';
import { Foreseen } from '../parts/Foreseen';
import { IdentityLink, Who } from '../parts/Links';
import { Choices, Network } from '../parts/Network';
import { Facts, Page, Panel } from '../parts/Page';
import { ScoreRow } from '../parts/Score';
import { Fetched } from '../parts/States';
import { Time } from '../parts/Time';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';
import { Risk } from './Rings';

export default function Ring() {
  const { id } = useParams({ from: '/rings/$id' });
  const query = useQuery({ ...ringQuery(id), refetchInterval: () => poll(15_000) });
  if (query.data) return <Detail ring={query.data} />;
  return (
    <Page title={texts.rings.ring}>
      <Fetched query={query} lines={8}>
        {() => null}
      </Fetched>
    </Page>
  );
}

function Detail({ ring }: { ring: RingDetail }) {
  return (
    <Page
      title={texts.rings.of(number(ring.size))}
      lead={ring.truncated ? texts.rings.truncated : undefined}
    >
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        <Figure name={texts.rings.riskHead}>
          <Risk risk={ring.risk} />
        </Figure>
        <Figure name={texts.rings.density}>{percent(ring.density)}</Figure>
        <Figure name={texts.rings.growth}>+{number(ring.growth)}</Figure>
        <Figure name={texts.rings.age}>{plural(ring.ageDays, 'day')}</Figure>
      </div>
      <Picture ring={ring} />
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <Members ring={ring} />
        <div className="flex flex-col gap-4">
          <Panel title={texts.rings.holds}>
            <ul className="p-4">
              {ring.evidence.map((held) => (
                <li key={held.type} className="flex justify-between gap-4 py-0.5">
                  <span>{texts.linkTypes[held.type] ?? held.type}</span>
                  <span className="text-soft tabular-nums">{plural(held.pairs, 'pair')}</span>
                </li>
              ))}
            </ul>
          </Panel>
          <Joint ring={ring} />
        </div>
      </div>
    </Page>
  );
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="panel px-4 py-3">
      <div className="text-xs text-soft">{name}</div>
      <div className="text-lg font-semibold">{children}</div>
    </div>
  );
}

function Picture({ ring }: { ring: RingDetail }) {
  const query = useQuery({ ...ringEdgesQuery(ring), placeholderData: keepPreviousData });
  return (
    <Panel title={texts.rings.picture}>
      <Fetched query={query} lines={8}>
        {(edges) => <Network nodes={ring.members} edges={edges} mainId={ring.mainAccountId} />}
      </Fetched>
    </Panel>
  );
}

function Joint({ ring }: { ring: RingDetail }) {
  const joint = ring.weakestJoint;
  if (!joint) {
    return (
      <Panel title={texts.rings.joint}>
        <p className="p-4 text-soft">{texts.rings.noJoint}</p>
      </Panel>
    );
  }
  const name = (id: string) => ring.members.find((member) => member.id === id)?.displayName;
  const [left, right] = joint.parts.map((part) => part.length);
  return (
    <Panel title={texts.rings.joint}>
      <div className="flex flex-col gap-3 p-4">
        <p className="text-soft">{texts.rings.jointHint(number(left ?? 0), number(right ?? 0))}</p>
        <Facts
          facts={[
            [
              texts.rings.between,
              <IdentityLink key="a" id={joint.sourceId} label={name(joint.sourceId)} />,
            ],
            [
              texts.graph.and,
              <IdentityLink key="b" id={joint.targetId} label={name(joint.targetId)} />,
            ],
            [texts.links.onePerson, percent(joint.probability)],
          ]}
        />
        <p className="flex flex-wrap gap-1">
          {joint.types.map((type) => (
            <Tag key={type}>{texts.linkTypes[type] ?? type}</Tag>
          ))}
        </p>
        <Choices id={joint.sourceId} otherId={joint.targetId} name={name(joint.targetId)} />
      </div>
    </Panel>
  );
}

const SHOWN_STEP = 50;

function Members({ ring }: { ring: RingDetail }) {
  const { write } = useRights();
  const [shown, setShown] = useState(SHOWN_STEP);
  const [naming, setNaming] = useState<string | null>(null);
  return (
    <Panel title={texts.rings.members(number(ring.members.length))}>
      <ul>
        {ring.members.slice(0, shown).map((member) => (
          <li
            key={member.id}
            className="grid grid-cols-[1fr_auto] items-center gap-3 border-b border-line px-4 py-2 last:border-0 md:grid-cols-[minmax(120px,1fr)_minmax(300px,1.4fr)_auto]"
          >
            <span className="flex min-w-0 items-center gap-2">
              <Who id={member.id} name={member.displayName} />
              {member.id === ring.mainAccountId && <Tag look="accent">{texts.rings.main}</Tag>}
            </span>
            <span className="order-3 col-span-2 md:order-none md:col-span-1">
              <ScoreRow scores={member} />
            </span>
            <span className="flex items-center gap-3">
              <Time at={member.joinedAt} className="hidden text-xs text-soft xl:inline" />
              {write &&
                (member.id === ring.mainAccountId ? (
                  <Unname id={member.id} />
                ) : (
                  <Button small look="quiet" onClick={() => setNaming(member.id)}>
                    {texts.rings.name}
                  </Button>
                ))}
            </span>
          </li>
        ))}
      </ul>
      {ring.members.length > shown && (
        <div className="p-3">
          <Button onClick={() => setShown(shown + SHOWN_STEP)}>{texts.common.showMore}</Button>
        </div>
      )}
      {naming && <NameMain id={naming} onClose={() => setNaming(null)} />}
    </Panel>
  );
}

const TOUCHES = ['rings', 'identity', 'identities'];
const of = (id: string) => ({ params: { path: { id } } });
const name = (id: string) => body(api.PUT('/identities/{id}/main-account', of(id)));
const unname = (id: string) => body(api.DELETE('/identities/{id}/main-account', of(id)));

function Unname({ id }: { id: string }) {
  const act = useAct({
    act: () => unname(id),
    done: () => texts.rings.unnamed,
    undo: () => name(id),
    touches: TOUCHES,
  });
  return (
    <Button small look="quiet" onClick={() => act.mutate()} disabled={act.isPending}>
      {texts.rings.unname}
    </Button>
  );
}

function NameMain({ id, onClose }: { id: string; onClose: () => void }) {
  const preview = useQuery({
    queryKey: ['main-preview', id],
    queryFn: ({ signal }) =>
      body(api.POST('/identities/{id}/main-account/actions/preview', { ...of(id), signal })),
    gcTime: 0,
  });
  const replaced = preview.data?.replaces;
  const act = useAct({
    act: () => name(id),
    done: () => texts.rings.named,
    undo: () => (replaced ? name(replaced) : unname(id)),
    touches: TOUCHES,
    after: onClose,
  });
  return (
    <Confirm
      title={texts.rings.askName}
      act={texts.rings.name}
      busy={act.isPending || !preview.data}
      onAct={() => act.mutate()}
      onClose={onClose}
    >
      <p>{texts.rings.nameHint}</p>
      <Fetched query={preview} lines={2}>
        {(found) => <Foreseen scores={found.scores} />}
      </Fetched>
    </Confirm>
  );
}
