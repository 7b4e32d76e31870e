/** What a graph is made of, and where it is looked at. */
import type { Scores } from '../api/types';
import { clip, visible } from './hostile';
import { type Body, bounds } from './layout';

export interface GraphNode extends Scores {
  id: string;
  displayName?: string | null;
  disregarded?: boolean;
}

export interface GraphEdge {
  sourceId: string;
  targetId: string;
  probability: number;
  types: string[];
}

/** A link between two of the nodes, by their places. */
export interface Line {
  a: number;
  b: number;
  strength: number;
  edge: GraphEdge;
}

export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** Of a ring where everybody is linked to everybody, the strongest are enough to see it. */
const EDGES_DRAWN_MAX = 4_000;
export const ZOOM = { min: 0.1, max: 4 };

export function strongest(edges: GraphEdge[]): GraphEdge[] {
  if (edges.length <= EDGES_DRAWN_MAX) return edges;
  return [...edges].sort((a, b) => b.probability - a.probability).slice(0, EDGES_DRAWN_MAX);
}

export function nameOf(node: GraphNode): string {
  const { shown } = clip(visible(node.displayName || node.id), 60);
  return shown;
}

export function viewOf(bodies: Body[], width: number, height: number): View {
  const box = bounds(bodies);
  const margin = 60;
  const zoom = Math.min(
    (width - margin) / (box.width + margin),
    (height - margin) / (box.height + margin),
    1.6,
  );
  return {
    x: box.left + box.width / 2,
    y: box.top + box.height / 2,
    zoom: Math.max(ZOOM.min, zoom),
  };
}

export function toSegment(x: number, y: number, a: Body, b: Body): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = Math.max(
    0,
    Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)),
  );
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
}

/** A ring is long where each knows only the next: from so many of its members it is looked at. */
const ASKED_MAX = 8;

/** What links them. A graph goes only so far from whom it is asked of: then it is asked of another, too. */
export async function edgesAmong(
  ids: string[],
  first: string | null | undefined,
  graphOf: (id: string) => Promise<{ nodes: { id: string }[]; edges: GraphEdge[] }>,
): Promise<GraphEdge[]> {
  const among = new Set(ids);
  const left = new Set(ids);
  const edges = new Map<string, GraphEdge>();
  let next = first ?? ids[0];
  for (let asked = 0; next !== undefined && asked < ASKED_MAX; asked += 1) {
    const graph = await graphOf(next);
    left.delete(next);
    for (const node of graph.nodes) left.delete(node.id);
    for (const edge of graph.edges)
      if (among.has(edge.sourceId) && among.has(edge.targetId))
        edges.set(`${edge.sourceId}\n${edge.targetId}`, edge);
    next = [...left][0];
  }
  return [...edges.values()];
}
