/** Draws a graph on a canvas. */
import { worstOf } from '../api/types';
import { bandOf } from '../lib/bands';
import { type GraphEdge, type GraphNode, type Line, nameOf, type View } from '../lib/graph';
import { clip } from '../lib/hostile';
import type { Body } from '../lib/layout';

export const NODE_PX = 13;
/** Up to so many lines a node, and so many in all, each is drawn in full: more of them share the ink. */
const LINES_EACH_FULL = 6;
const LINES_FULL = 1_500;
const INK_MIN = 0.35;
/** On the screen, however far it is zoomed out: a thinner line is not seen. */
const LINE_PX_MIN = 0.8;
/** Names are drawn while they can be told apart. */
const NAMED_MAX = 40;
const NAME_CHARS = 18;
const NAME_PX = 10;
/** Lines are drawn in so many widths: each is one stroke, however many lines there are. */
const GRADES = 5;

interface Marks {
  focusId?: string;
  mainId?: string | null;
  selectedNode?: string | null;
  selectedEdge?: GraphEdge | null;
}

type Colours = Record<'edge' | 'accent' | 'panel' | 'canvas' | 'ink' | 'soft', string>;

const styled = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function coloursNow(): Colours {
  const names = ['edge', 'accent', 'panel', 'canvas', 'ink', 'soft'] as const;
  return Object.fromEntries(names.map((name) => [name, styled(name)])) as Colours;
}

/** Whatever does not change from frame to frame is worked out once. */
export function painter(
  ctx: CanvasRenderingContext2D,
  nodes: GraphNode[],
  places: Map<string, number>,
  marks: Marks,
) {
  const colours = coloursNow();
  const looks = looksOf(nodes, marks);
  const chosen = marks.selectedEdge;
  const ends = chosen && [places.get(chosen.sourceId), places.get(chosen.targetId)];
  return (
    bodies: Body[],
    lines: Line[],
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
    ctx.strokeStyle = colours.edge;
    drawLines(ctx, bodies, lines, LINE_PX_MIN / view.zoom);
    const [from, to] = [bodies[ends?.[0] ?? -1], bodies[ends?.[1] ?? -1]];
    if (from && to) drawChosen(ctx, from, to, colours);
    drawNodes(ctx, bodies, looks, colours);
    drawNames(ctx, bodies, looks, colours);
  };
}

/** How a node looks. */
interface Look {
  fill: string;
  /** Its lowest score. */
  number: string;
  name: string;
  /** It is what the graph is about. */
  main: boolean;
  selected: boolean;
}

function looksOf(nodes: GraphNode[], marks: Marks): Look[] {
  return nodes.map((node) => {
    const worst = worstOf(node);
    return {
      fill: styled(worst === null ? 'sunken' : `${bandOf(worst.value)}-fill`),
      number: worst?.value.toString() ?? '–',
      name: clip(nameOf(node), NAME_CHARS).shown,
      main: node.id === marks.focusId || node.id === marks.mainId,
      selected: node.id === marks.selectedNode,
    };
  });
}

/** Of each line, from 1 in a sparse graph: a thick of lines is still no stain. */
function inkOf(lines: number, nodes: number): number {
  const each = (LINES_EACH_FULL * nodes) / Math.max(1, lines);
  return Math.max(INK_MIN, Math.min(1, each) * Math.min(1, LINES_FULL / Math.max(1, lines)));
}

function drawLines(ctx: CanvasRenderingContext2D, bodies: Body[], lines: Line[], thinnest: number) {
  const ink = inkOf(lines.length, bodies.length);
  for (let grade = 0; grade < GRADES; grade += 1) {
    ctx.beginPath();
    for (const { a, b, strength } of lines) {
      if (Math.min(GRADES - 1, Math.floor(strength * GRADES)) !== grade) continue;
      const [from, to] = [bodies[a] as Body, bodies[b] as Body];
      ctx.moveTo(from.x, from.y);
      ctx.lineTo(to.x, to.y);
    }
    ctx.globalAlpha = (0.3 + grade * 0.09) * ink;
    ctx.lineWidth = Math.max(thinnest, 0.6 + grade * 0.5 * ink);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function drawChosen(ctx: CanvasRenderingContext2D, from: Body, to: Body, colours: Colours) {
  ctx.strokeStyle = colours.accent;
  ctx.lineWidth = 4;
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(to.x, to.y);
  ctx.stroke();
}

function drawNodes(ctx: CanvasRenderingContext2D, bodies: Body[], looks: Look[], colours: Colours) {
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.font = '600 10px system-ui, sans-serif';
  for (const [place, { fill, number, main, selected }] of looks.entries()) {
    const body = bodies[place];
    if (!body) continue;
    const radius = main ? NODE_PX + 3 : NODE_PX;
    const ring = (at: number, width: number, colour: string) => {
      ctx.beginPath();
      ctx.arc(body.x, body.y, at, 0, Math.PI * 2);
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
    };
    ring(radius, 4, fill);
    ctx.fillStyle = colours.panel;
    ctx.fill();
    ctx.stroke();
    if (main || selected) {
      ring(radius + 4.5, 2, selected ? colours.accent : colours.ink);
      ctx.stroke();
    }
    ctx.fillStyle = colours.ink;
    ctx.fillText(number, body.x, body.y + 0.5);
  }
}

function drawNames(ctx: CanvasRenderingContext2D, bodies: Body[], looks: Look[], colours: Colours) {
  ctx.font = `${NAME_PX}px system-ui, sans-serif`;
  ctx.lineWidth = 3;
  ctx.strokeStyle = colours.canvas;
  for (const { name, x, y, marked } of legible(ctx, bodies, looks)) {
    ctx.fillStyle = marked ? colours.ink : colours.soft;
    ctx.strokeText(name, x, y);
    ctx.fillText(name, x, y);
  }
}

const isMarked = (look: Look | undefined) => look?.main || look?.selected || false;

/** Names that cover neither a node nor each other; who is marked goes first. */
function legible(ctx: CanvasRenderingContext2D, bodies: Body[], looks: Look[]) {
  const important = [...looks.keys()].filter((place) => isMarked(looks[place]));
  const many = bodies.length > NAMED_MAX;
  const order = many ? important : [...new Set([...important, ...bodies.keys()])];
  const drawn: { name: string; x: number; y: number; half: number; marked: boolean }[] = [];
  for (const place of order) {
    const [body, name] = [bodies[place], looks[place]?.name];
    if (!body || !name) continue;
    const marked = isMarked(looks[place]);
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
