/** Where the nodes of a graph lie: those who belong together near each other. Pure; the caller draws between ticks. */

export interface Body {
  x: number;
  y: number;
  vx: number;
  vy: number;
}

export interface Spring {
  a: number;
  b: number;
  /** 0 to 1: the stronger, the closer. */
  strength: number;
}

const REPULSION = 14_000;
const SPRING_PX = 120;
const PULL = 0.06;
const GRAVITY = 0.012;
const FRICTION = 0.82;
/** Further apart they leave each other alone. */
const REACH_PX = 420;
const STEP_PX_MAX = 28;

/** A spiral: no two at one place, and the same every time. */
export function scatter(count: number): Body[] {
  return Array.from({ length: count }, (_, place) => {
    const angle = place * 2.399963;
    const radius = 22 * Math.sqrt(place);
    return { x: Math.cos(angle) * radius, y: Math.sin(angle) * radius, vx: 0, vy: 0 };
  });
}

/** One tick; returns how far the fastest moved. `heat` falls from 1 to 0. `held` stays where it is. */
export function tick(bodies: Body[], springs: Spring[], heat: number, held = -1): number {
  repel(bodies, heat);
  attract(bodies, springs, heat);
  let fastest = 0;
  for (const [place, body] of bodies.entries()) {
    body.vx = (body.vx - body.x * GRAVITY * heat) * FRICTION;
    body.vy = (body.vy - body.y * GRAVITY * heat) * FRICTION;
    const speed = Math.hypot(body.vx, body.vy);
    if (speed > STEP_PX_MAX) {
      body.vx *= STEP_PX_MAX / speed;
      body.vy *= STEP_PX_MAX / speed;
    }
    if (place === held) continue;
    body.x += body.vx;
    body.y += body.vy;
    fastest = Math.max(fastest, Math.min(speed, STEP_PX_MAX));
  }
  return fastest;
}

function repel(bodies: Body[], heat: number) {
  for (let i = 0; i < bodies.length; i += 1) {
    const a = bodies[i] as Body;
    for (let j = i + 1; j < bodies.length; j += 1) {
      const b = bodies[j] as Body;
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const square = dx * dx + dy * dy + 0.01;
      if (square > REACH_PX * REACH_PX) continue;
      const force = (REPULSION * heat) / square / Math.sqrt(square);
      a.vx += dx * force;
      a.vy += dy * force;
      b.vx -= dx * force;
      b.vy -= dy * force;
    }
  }
}

function attract(bodies: Body[], springs: Spring[], heat: number) {
  const degree = new Uint16Array(bodies.length);
  for (const { a, b } of springs) {
    degree[a] = (degree[a] ?? 0) + 1;
    degree[b] = (degree[b] ?? 0) + 1;
  }
  for (const { a, b, strength } of springs) {
    const one = bodies[a] as Body;
    const other = bodies[b] as Body;
    const dx = other.x - one.x;
    const dy = other.y - one.y;
    const length = Math.hypot(dx, dy) || 0.1;
    // Where many pull, each pulls less: a ring of hundreds does not collapse.
    const share = 1 / Math.sqrt(Math.min(degree[a] ?? 1, degree[b] ?? 1));
    const force =
      ((length - SPRING_PX * (1.6 - strength)) / length) * PULL * strength * share * heat;
    one.vx += dx * force;
    one.vy += dy * force;
    other.vx -= dx * force;
    other.vy -= dy * force;
  }
}

/** The box around all of them. */
export function bounds(bodies: Body[]): {
  left: number;
  top: number;
  width: number;
  height: number;
} {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of bodies) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  if (bodies.length === 0) return { left: 0, top: 0, width: 1, height: 1 };
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}
