/**
 * Identities and what links them, drawn on a canvas. Loaded when it is first shown. The page lists the same beside it, for
 * whoever does not see the picture.
 */
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import {
  type GraphEdge,
  type GraphNode,
  nameOf,
  strongest,
  toSegment,
  type View,
  viewOf,
  ZOOM,
} from '../lib/graph';
import { type Body, scatter, tick } from '../lib/layout';
import { texts } from '../texts';
import { useTheme } from '../theme';
import { Button } from './Button';
import { NODE_PX, painter } from './paint';

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
const ZOOM_STEP = 1.25;
/** Of each frame for the layout: the rest is for drawing, and for whoever clicks. */
const TICKS_MS = 5;
const COOLING = 0.985;
const COLD = 0.02;
/** How near the pointer must be to a line. */
const EDGE_REACH_PX = 6;

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
