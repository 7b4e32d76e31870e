/** Who may be the same person: as a picture, as a list, with what was decided. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { decisionsQuery, graphQuery, linksQuery } from '../../api/queries';
import type { Decision, Link } from '../../api/types';
import { number, percent } from '../../lib/format';
import { Tag } from '../../parts/Badges';
import { Button } from '../../parts/Button';
import { DECISION_TOUCHES, Decide, takeBack } from '../../parts/Decide';
import { Select } from '../../parts/Field';
import { IdentityLink, Who } from '../../parts/Links';
import { Choices, Network } from '../../parts/Network';
import { Panel } from '../../parts/Page';
import { Explained, SaidAll } from '../../parts/Said';
import { Empty, Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useRights } from '../../parts/useMe';
import { BitsWaterfall, bitsOf } from '../../parts/Waterfall';
import { texts } from '../../texts';

export function RelatedTab({ id }: { id: string }) {
  const links = useQuery(linksQuery(id));
  return (
    <div className="flex flex-col gap-4">
      <Picture id={id} />
      <Panel title={texts.links.title}>
        <Fetched query={links} lines={6}>
          {(found) => <Pairs id={id} links={found} />}
        </Fetched>
      </Panel>
      <Decisions id={id} />
    </div>
  );
}

const HOPS = ['1', '2', '3', '4'] as const;
const STRENGTHS = ['0.1', '0.3', '0.5', '0.6', '0.8', '0.95'] as const;

function Picture({ id }: { id: string }) {
  const [hops, setHops] = useState<(typeof HOPS)[number]>('2');
  const [strength, setStrength] = useState<(typeof STRENGTHS)[number]>('0.5');
  const query = useQuery({
    ...graphQuery(id, Number(hops), Number(strength)),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel
      title={texts.graph.title}
      actions={
        <>
          <Select
            label={texts.graph.hops}
            value={hops}
            options={HOPS.map((one) => [one, texts.graph.hopsOf(Number(one))] as const)}
            onChange={setHops}
          />
          <Select
            label={texts.graph.strength}
            value={strength}
            options={STRENGTHS.map(
              (one) => [one, texts.graph.strengthOf(percent(Number(one)))] as const,
            )}
            onChange={setStrength}
          />
        </>
      }
    >
      <Fetched query={query} lines={8}>
        {(graph) =>
          graph.nodes.length <= 1 ? (
            <Empty title={texts.graph.alone}>{texts.graph.aloneHint}</Empty>
          ) : (
            <>
              <Network nodes={graph.nodes} edges={graph.edges} focusId={id} />
              {graph.truncated && (
                <p className="border-t border-line bg-sunken px-4 py-2 text-sm text-soft">
                  {texts.graph.truncated(number(graph.nodes.length))}
                </p>
              )}
            </>
          )
        }
      </Fetched>
    </Panel>
  );
}

interface PairOf {
  otherId: string;
  name: string | null | undefined;
  probability: number;
  links: Link[];
}

/** Links by whom they lead to, the most probable first. */
function pairs(links: Link[]): PairOf[] {
  const found = new Map<string, PairOf>();
  for (const link of links) {
    const pair = found.get(link.targetIdentityId) ?? {
      otherId: link.targetIdentityId,
      name: link.targetDisplayName,
      probability: link.probability,
      links: [],
    };
    pair.links.push(link);
    found.set(pair.otherId, pair);
  }
  return [...found.values()].sort((a, b) => b.probability - a.probability);
}

const SHOWN_STEP = 25;

function Pairs({ id, links }: { id: string; links: Link[] }) {
  const [shown, setShown] = useState(SHOWN_STEP);
  const found = pairs(links);
  if (found.length === 0) return <Empty title={texts.links.none}>{texts.links.noneHint}</Empty>;
  return (
    <>
      <ul>
        {found.slice(0, shown).map((pair) => (
          <PairRow key={pair.otherId} id={id} pair={pair} />
        ))}
      </ul>
      {found.length > shown && (
        <div className="p-3">
          <Button onClick={() => setShown(shown + SHOWN_STEP)}>
            {texts.links.more(found.length - shown)}
          </Button>
        </div>
      )}
    </>
  );
}

function PairRow({ id, pair }: { id: string; pair: PairOf }) {
  const [open, setOpen] = useState(false);
  const strongest = [...pair.links].sort((a, b) => b.value - a.value)[0];
  const bits = bitsOf(strongest?.metadata ?? {});
  return (
    <li className="border-b border-line px-4 py-2.5 last:border-0">
      <div className="grid grid-cols-1 items-center gap-x-4 gap-y-2 md:grid-cols-[220px_90px_1fr_auto]">
        <Who id={pair.otherId} name={pair.name} />
        <span className="leading-tight">
          <span className="font-semibold tabular-nums">{percent(pair.probability)}</span>{' '}
          <span className="block text-xs text-soft">{texts.links.onePerson}</span>
        </span>
        <div className="min-w-0">
          <p className="flex flex-wrap gap-1">
            {pair.links.map((link) => (
              <Tag key={link.id}>{texts.linkTypes[link.type] ?? link.type}</Tag>
            ))}
          </p>
          {strongest && (
            <p className="mt-1 text-soft">
              <Explained max={200}>{strongest.explanation}</Explained>
            </p>
          )}
        </div>
        <div className="flex flex-wrap gap-2">
          <Button small look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? texts.links.hide : texts.links.evidence}
          </Button>
          <Choices id={id} otherId={pair.otherId} name={pair.name} />
        </div>
      </div>
      {open && (
        <div className="mt-3 max-w-3xl rounded-lg bg-sunken p-3">
          {bits.length > 0 ? (
            <BitsWaterfall bits={bits} />
          ) : (
            <p className="text-soft">{texts.links.noWaterfall}</p>
          )}
          <p className="mt-2 text-xs text-soft">{texts.links.bits}</p>
        </div>
      )}
    </li>
  );
}

function Decisions({ id }: { id: string }) {
  const query = useQuery(decisionsQuery(id));
  if (!query.data || query.data.totalElements === 0) return null;
  return (
    <Panel title={texts.decide.decided}>
      <ul>
        {query.data.content.map((decision) => (
          <DecisionRow
            key={`${decision.identityId} ${decision.otherIdentityId}`}
            id={id}
            decision={decision}
          />
        ))}
      </ul>
    </Panel>
  );
}

function DecisionRow({ id, decision }: { id: string; decision: Decision }) {
  const { write } = useRights();
  const [again, setAgain] = useState(false);
  const other = decision.identityId === id ? decision.otherIdentityId : decision.identityId;
  const undo = useAct({
    act: () => takeBack(id, other),
    done: () => texts.decide.takenBack,
    touches: DECISION_TOUCHES,
  });
  const opposite = decision.verdict === 'SAME' ? 'DIFFERENT' : 'SAME';
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-2.5 last:border-0">
      <div className="min-w-0">
        <p>
          <Tag look={decision.verdict === 'SAME' ? 'accent' : 'good'}>
            {texts.decide.verdicts[decision.verdict] ?? decision.verdict}
          </Tag>{' '}
          <IdentityLink id={other} />
        </p>
        <p className="text-sm text-soft">
          {decision.decidedBy}, <Time at={decision.decidedAt} />
        </p>
        {decision.note && <SaidAll>{decision.note}</SaidAll>}
      </div>
      {write && (
        <div className="flex gap-2">
          <Button small onClick={() => undo.mutate()} disabled={undo.isPending}>
            {texts.decide.takeBack}
          </Button>
          <Button small look="quiet" onClick={() => setAgain(true)}>
            {texts.decide.act[opposite]}
          </Button>
        </div>
      )}
      {again && (
        <Decide
          id={id}
          otherId={other}
          otherName={other}
          verdict={opposite}
          onClose={() => setAgain(false)}
        />
      )}
    </li>
  );
}
