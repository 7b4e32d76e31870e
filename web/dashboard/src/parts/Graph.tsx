/**
 * Identities and what links them, drawn on a canvas. Loaded when it is first shown. The page lists the same beside it, for
 * whoever does not see the picture.
 */
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { type Scores, worstOf } from '../api/types';
import { bandOf } from '../lib/bands';
import { clip, visible } from '../lib/hostile';
import { type Body, bounds, scatter, tick } from '../lib/layout';
import { texts } from '../texts';
import { useTheme } from '../theme';
import { Button } from './Button';

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

interface Props {
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** Whom it is about. */
  focusId?: string;
  mainId?: string | null;
  selectedNode?: string | null;
  selectedEdge?: GraphEdge | null;
  onNode: (id: string) => void;
  onEdge: (edge: GraphEdge) => void;
}

const HEIGHT_PX = 440;
const NODE_PX = 13;
/** Of a ring where everybody is linked to everybody, the strongest are enough to see it. */
export const EDGES_DRAWN_MAX = 4_000;
/** Where an identity has more links than this, each is drawn finer. */
const DENSE = 4;
/** Names are drawn while they can be told apart. */
const NAMED_MAX = 40;
const NAME_CHARS = 18;
const NAME_PX = 10;
const ZOOM_STEP = 1.25;
const ZOOM = { min: 0.1, max: 4 };
/** Of each frame for the layout: the rest is for drawing, and for whoever clicks. */
const TICKS_MS = 5;
const COOLING = 0.985;
const COLD = 0.02;
/** How near the pointer must be to a line. */
const EDGE_REACH_PX = 6;

interface View {
  x: number;
  y: number;
  zoom: number;
}

export default function Graph(props: Props) {
  const { nodes, edges, focusId, mainId, selectedNode, selectedEdge, onNode, onEdge } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = useTheme();
  const [tip, setTip] = useState('');
  const drawn = useMemo(() => strongest(edges), [edges]);
  const state = useRef<{ bodies: Body[]; view: View; heat: number; fitted: boolean; ids: string }>({
    bodies: [],
    view: { x: 0, y: 0, zoom: 1 },
    heat: 1,
    fitted: true,
    ids: '',
  });
  const places = useMemo(() => new Map(nodes.map((node, place) => [node.id, place])), [nodes]);
  const springs = useMemo(
    () =>
      drawn.flatMap((edge) => {
        const [a, b] = [places.get(edge.sourceId), places.get(edge.targetId)];
        return a === undefined || b === undefined
          ? []
          : [{ a, b, strength: edge.probability, edge }];
      }),
    [drawn, places],
  );
  const wake = useRef<() => void>(() => undefined);
  const held = useRef<{
    kind: 'pan' | 'node';
    node: number;
    x: number;
    y: number;
    moved: boolean;
  } | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew when the theme changes
  useEffect(() => {
    const element = canvas.current;
    const ctx = element?.getContext('2d');
    if (!element || !ctx) return;
    const now = state.current;
    const ids = nodes.map((node) => node.id).join('\n');
    if (now.ids !== ids) {
      // Who was there stays where they were.
      const before = new Map(now.ids.split('\n').map((id, place) => [id, now.bodies[place]]));
      const fresh = scatter(nodes.length);
      now.bodies = nodes.map((node, place) => before.get(node.id) ?? (fresh[place] as Body));
      now.ids = ids;
      now.heat = 1;
      now.fitted = true;
    }
    const paint = painter(ctx, nodes, places, { focusId, mainId, selectedNode, selectedEdge });
    let frame = 0;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const settle = () => {
      const end = performance.now() + TICKS_MS;
      do {
        const pinned = held.current?.kind === 'node' ? held.current.node : -1;
        tick(now.bodies, springs, now.heat, pinned);
        now.heat *= COOLING;
      } while (now.heat > COLD && performance.now() < end);
    };
    const step = () => {
      frame = 0;
      if (still) while (now.heat > COLD) settle();
      else if (now.heat > COLD) settle();
      const { clientWidth: width, clientHeight: height } = element;
      const ratio = devicePixelRatio || 1;
      if (element.width !== width * ratio) element.width = width * ratio;
      if (element.height !== height * ratio) element.height = height * ratio;
      if (now.fitted) now.view = viewOf(now.bodies, width, height);
      paint(now.bodies, springs, now.view, width, height, ratio);
      if (now.heat > COLD) frame = requestAnimationFrame(step);
    };
    wake.current = () => {
      frame ||= requestAnimationFrame(step);
    };
    wake.current();
    const watch = new ResizeObserver(() => wake.current());
    watch.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      watch.disconnect();
    };
  }, [nodes, places, springs, focusId, mainId, selectedNode, selectedEdge, dark]);

  function zoomBy(factor: number) {
    const { view } = state.current;
    view.zoom = Math.max(ZOOM.min, Math.min(ZOOM.max, view.zoom * factor));
    state.current.fitted = false;
    wake.current();
  }

  function at(event: PointerEvent) {
    const box = event.currentTarget.getBoundingClientRect();
    const { view } = state.current;
    return {
      x: (event.clientX - box.left - box.width / 2) / view.zoom + view.x,
      y: (event.clientY - box.top - box.height / 2) / view.zoom + view.y,
    };
  }

  function nodeAt(x: number, y: number): number {
    const reach = NODE_PX + 3 / state.current.view.zoom;
    return state.current.bodies.findLastIndex(
      (body) => Math.hypot(body.x - x, body.y - y) <= reach,
    );
  }

  function edgeAt(x: number, y: number): GraphEdge | null {
    const reach = EDGE_REACH_PX / state.current.view.zoom;
    let best: GraphEdge | null = null;
    let nearest = reach;
    for (const { a, b, edge } of springs) {
      const distance = toSegment(
        x,
        y,
        state.current.bodies[a] as Body,
        state.current.bodies[b] as Body,
      );
      if (distance < nearest) {
        nearest = distance;
        best = edge;
      }
    }
    return best;
  }

  function onMove(event: PointerEvent) {
    const { x, y } = at(event);
    const grip = held.current;
    if (!grip) {
      const node = nodes[nodeAt(x, y)];
      const edge = node ? null : edgeAt(x, y);
      setTip(
        node
          ? nameOf(node)
          : edge
            ? texts.graph.edge(edge.types.map((type) => texts.linkTypes[type] ?? type))
            : '',
      );
      return;
    }
    if (Math.abs(event.clientX - grip.x) + Math.abs(event.clientY - grip.y) > 4) grip.moved = true;
    if (!grip.moved) return;
    const now = state.current;
    if (grip.kind === 'node') {
      const body = now.bodies[grip.node];
      if (body) Object.assign(body, { x, y, vx: 0, vy: 0 });
      now.heat = Math.max(now.heat, 0.25);
    } else {
      now.view.x -= (event.clientX - grip.x) / now.view.zoom;
      now.view.y -= (event.clientY - grip.y) / now.view.zoom;
      grip.x = event.clientX;
      grip.y = event.clientY;
    }
    now.fitted = false;
    wake.current();
  }

  return (
    <div className="relative">
      <canvas
        ref={canvas}
        role="img"
        aria-label={texts.graph.label(nodes.length, edges.length)}
        title={tip}
        className={`block w-full touch-pan-y rounded-b-[10px] bg-canvas ${tip ? 'cursor-pointer' : 'cursor-grab'}`}
        style={{ height: HEIGHT_PX }}
        onPointerDown={(event) => {
          const { x, y } = at(event);
          const node = nodeAt(x, y);
          held.current = {
            kind: node >= 0 ? 'node' : 'pan',
            node,
            x: event.clientX,
            y: event.clientY,
            moved: false,
          };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={onMove}
        onPointerUp={(event) => {
          const grip = held.current;
          held.current = null;
          if (!grip || grip.moved) return;
          const { x, y } = at(event);
          const node = nodes[grip.node];
          const edge = edgeAt(x, y);
          if (node) onNode(node.id);
          else if (edge) onEdge(edge);
        }}
        onPointerCancel={() => {
          held.current = null;
        }}
      />
      <div className="absolute top-2 right-2 flex gap-1">
        <Button small aria-label={texts.graph.closer} onClick={() => zoomBy(ZOOM_STEP)}>
          +
        </Button>
        <Button small aria-label={texts.graph.further} onClick={() => zoomBy(1 / ZOOM_STEP)}>
          −
        </Button>
        <Button
          small
          onClick={() => {
            state.current.fitted = true;
            wake.current();
          }}
        >
          {texts.graph.fit}
        </Button>
      </div>
      {edges.length > drawn.length && (
        <p className="absolute bottom-2 left-3 text-xs text-soft">
          {texts.graph.cut(drawn.length, edges.length)}
        </p>
      )}
    </div>
  );
}

function strongest(edges: GraphEdge[]): GraphEdge[] {
  if (edges.length <= EDGES_DRAWN_MAX) return edges;
  return [...edges].sort((a, b) => b.probability - a.probability).slice(0, EDGES_DRAWN_MAX);
}

function nameOf(node: GraphNode): string {
  const { shown } = clip(visible(node.displayName || node.id), 60);
  return shown;
}

function viewOf(bodies: Body[], width: number, height: number): View {
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

function toSegment(x: number, y: number, a: Body, b: Body): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = Math.max(
    0,
    Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)),
  );
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
}

/** Names that cover neither a node nor each other; who is marked goes first. */
function legible(
  ctx: CanvasRenderingContext2D,
  bodies: Body[],
  names: string[],
  important: number[],
) {
  const many = bodies.length > NAMED_MAX;
  const order = many ? important : [...new Set([...important, ...bodies.keys()])];
  const drawn: { name: string; x: number; y: number; half: number; marked: boolean }[] = [];
  for (const place of order) {
    const [body, name] = [bodies[place], names[place]];
    if (!body || !name) continue;
    const marked = important.includes(place);
    const [x, y, half] = [body.x, body.y + NODE_PX + NAME_PX + 2, ctx.measureText(name).width / 2];
    const covered =
      !marked &&
      (drawn.some(
        (one) => Math.abs(one.x - x) < one.half + half && Math.abs(one.y - y) < NAME_PX,
      ) ||
        bodies.some(
          (one) =>
            Math.abs(one.x - x) < half + NODE_PX && Math.abs(one.y - y) < NODE_PX + NAME_PX / 2,
        ));
    if (!covered) drawn.push({ name, x, y, half, marked });
  }
  return drawn;
}

interface Marks {
  focusId?: string;
  mainId?: string | null;
  selectedNode?: string | null;
  selectedEdge?: GraphEdge | null;
}

function painter(
  ctx: CanvasRenderingContext2D,
  nodes: GraphNode[],
  places: Map<string, number>,
  marks: Marks,
) {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const paint = {
    edge: color('--edge'),
    accent: color('--accent'),
    panel: color('--panel'),
    canvas: color('--canvas'),
    ink: color('--ink'),
    soft: color('--soft'),
  };
  const fills = nodes.map((node) => {
    const worst = worstOf(node);
    return worst === null ? color('--sunken') : color(`--${bandOf(worst.value)}-fill`);
  });
  const numbers = nodes.map((node) => worstOf(node)?.value.toString() ?? '–');
  const names = nodes.map((node) => clip(nameOf(node), NAME_CHARS).shown);
  const important = nodes.flatMap(({ id }, place) =>
    [marks.selectedNode, marks.focusId, marks.mainId].includes(id) ? [place] : [],
  );
  return (
    bodies: Body[],
    springs: { a: number; b: number; strength: number; edge: GraphEdge }[],
    view: View,
    width: number,
    height: number,
    ratio: number,
  ) => {
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.translate(width / 2, height / 2);
    ctx.scale(view.zoom, view.zoom);
    ctx.translate(-view.x, -view.y);
    ctx.strokeStyle = paint.edge;
    const dense = springs.length > nodes.length * DENSE;
    // Five widths are five strokes, however many lines there are.
    for (let grade = 0; grade < 5; grade += 1) {
      ctx.beginPath();
      for (const { a, b, strength } of springs) {
        if (Math.min(4, Math.floor(strength * 5)) !== grade) continue;
        const [from, to] = [bodies[a] as Body, bodies[b] as Body];
        ctx.moveTo(from.x, from.y);
        ctx.lineTo(to.x, to.y);
      }
      ctx.globalAlpha = (dense ? 0.1 : 0.3) + grade * (dense ? 0.04 : 0.09);
      ctx.lineWidth = 0.6 + grade * (dense ? 0.2 : 0.5);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    const chosen = marks.selectedEdge;
    const ends = chosen && [places.get(chosen.sourceId), places.get(chosen.targetId)];
    const [from, to] = [bodies[ends?.[0] ?? -1], bodies[ends?.[1] ?? -1]];
    if (from && to) {
      ctx.strokeStyle = paint.accent;
      ctx.lineWidth = 4;
      ctx.beginPath();
      ctx.moveTo(from.x, from.y);
      ctx.lineTo(to.x, to.y);
      ctx.stroke();
    }
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    for (const [place, body] of bodies.entries()) {
      const node = nodes[place];
      if (!node) continue;
      const main = node.id === marks.focusId || node.id === marks.mainId;
      const radius = main ? NODE_PX + 3 : NODE_PX;
      ctx.beginPath();
      ctx.arc(body.x, body.y, radius, 0, Math.PI * 2);
      ctx.fillStyle = paint.panel;
      ctx.fill();
      ctx.lineWidth = 4;
      ctx.strokeStyle = fills[place] ?? paint.edge;
      ctx.stroke();
      if (main || node.id === marks.selectedNode) {
        ctx.beginPath();
        ctx.arc(body.x, body.y, radius + 4.5, 0, Math.PI * 2);
        ctx.lineWidth = 2;
        ctx.strokeStyle = node.id === marks.selectedNode ? paint.accent : paint.ink;
        ctx.stroke();
      }
      ctx.fillStyle = paint.ink;
      ctx.font = '600 10px system-ui, sans-serif';
      ctx.fillText(numbers[place] ?? '', body.x, body.y + 0.5);
    }
    ctx.font = `${NAME_PX}px system-ui, sans-serif`;
    ctx.lineWidth = 3;
    ctx.strokeStyle = paint.canvas;
    for (const { name, x, y, marked } of legible(ctx, bodies, names, important)) {
      ctx.fillStyle = marked ? paint.ink : paint.soft;
      ctx.strokeText(name, x, y);
      ctx.fillText(name, x, y);
    }
  };
}
