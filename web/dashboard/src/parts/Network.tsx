/** A graph with what was clicked beside it: an identity, or a pair with its evidence. */
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { linksQuery } from '../api/queries';
import { percent } from '../lib/format';
import type { GraphEdge, GraphNode } from '../lib/graph';
import { texts } from '../texts';
import { Tag } from './Badges';
import { Button } from './Button';
import { Decide, type Verdict } from './Decide';
import { IdentityLink, Who } from './Links';
import { ScoreRow } from './Score';
import { Fetched } from './States';
import { useRights } from './useMe';
import { BitsWaterfall, bitsOf } from './Waterfall';

const Graph = lazy(() => import('./Graph'));

export function Network({
  nodes,
  edges,
  focusId,
  mainId,
  children,
}: {
  nodes: GraphNode[];
  edges: GraphEdge[];
  focusId?: string;
  mainId?: string | null;
  /** Beside the picture while nothing is chosen. */
  children?: ReactNode;
}) {
  const [node, setNode] = useState<string | null>(null);
  const [edge, setEdge] = useState<GraphEdge | null>(null);
  const chosen = nodes.find((one) => one.id === node);
  return (
    <div className="grid grid-cols-1 lg:grid-cols-[minmax(0,1fr)_360px]">
      <Suspense fallback={<div className="skeleton h-[440px]" />}>
        <Graph
          nodes={nodes}
          edges={edges}
          focusId={focusId}
          mainId={mainId}
          selectedNode={node}
          selectedEdge={edge}
          onNode={(id) => {
            setNode(id);
            setEdge(null);
          }}
          onEdge={(picked) => {
            setEdge(picked);
            setNode(null);
          }}
        />
      </Suspense>
      <div
        className="max-h-[440px] overflow-auto border-t border-line p-4 lg:border-t-0 lg:border-l"
        aria-live="polite"
      >
        {chosen && (
          <div className="flex flex-col gap-3">
            <Who id={chosen.id} name={chosen.displayName} />
            <ScoreRow scores={chosen} />
            {chosen.disregarded && <Tag>{texts.identities.disregarded}</Tag>}
            {chosen.id === mainId && <Tag look="accent">{texts.rings.main}</Tag>}
            {focusId && chosen.id !== focusId && (
              <Choices id={focusId} otherId={chosen.id} name={chosen.displayName} />
            )}
          </div>
        )}
        {edge && <Pair edge={edge} nodes={nodes} />}
        {!chosen && !edge && (children ?? <p className="text-soft">{texts.graph.choose}</p>)}
      </div>
    </div>
  );
}

/** Two identities and why they may be one person. */
function Pair({ edge, nodes }: { edge: GraphEdge; nodes: GraphNode[] }) {
  const links = useQuery(linksQuery(edge.sourceId));
  const name = (id: string) => nodes.find((node) => node.id === id)?.displayName;
  return (
    <div className="flex flex-col gap-3">
      <p className="flex flex-wrap items-center gap-x-2">
        <IdentityLink id={edge.sourceId} label={name(edge.sourceId)} className="font-medium" />
        <span className="text-soft">{texts.graph.and}</span>
        <IdentityLink id={edge.targetId} label={name(edge.targetId)} className="font-medium" />
      </p>
      <p>{texts.links.probability(percent(edge.probability))}</p>
      <p className="flex flex-wrap gap-1">
        {edge.types.map((type) => (
          <Tag key={type}>{texts.linkTypes[type] ?? type}</Tag>
        ))}
      </p>
      <Fetched query={links} lines={3}>
        {(found) => {
          const link = found.find((one) => one.targetIdentityId === edge.targetId);
          if (!link) return <p className="text-soft">{texts.links.gone}</p>;
          return <BitsWaterfall bits={bitsOf(link.metadata)} />;
        }}
      </Fetched>
      <Choices id={edge.sourceId} otherId={edge.targetId} name={name(edge.targetId)} />
    </div>
  );
}

/** What can be decided about a pair. */
export function Choices({
  id,
  otherId,
  name,
}: {
  id: string;
  otherId: string;
  name?: string | null;
}) {
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const { write } = useRights();
  if (!write) return null;
  return (
    <div className="flex flex-wrap gap-2">
      <Button small onClick={() => setVerdict('DIFFERENT')}>
        {texts.decide.act.DIFFERENT}
      </Button>
      <Button small onClick={() => setVerdict('SAME')}>
        {texts.decide.act.SAME}
      </Button>
      {verdict && (
        <Decide
          id={id}
          otherId={otherId}
          otherName={name || otherId}
          verdict={verdict}
          onClose={() => setVerdict(null)}
        />
      )}
    </div>
  );
}
