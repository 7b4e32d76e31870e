import { isRecord } from './hash/json';
import { SESSION_IDLE_MS } from './limits';
import { randomId } from './random';
import type { TextStore } from './storage';

const KEY = 'dregs.session';

interface SessionRecord {
  id: string;
  activeAt: number;
  identity: string | null;
}

export interface Session {
  /** The id of the running session; calling it counts as activity. */
  touch(): string;
  identity(): string | null;
  bind(identity: string): void;
  /** Ends the session: who comes next on this browser is somebody else. */
  end(): void;
}

/** A session ends after 30 minutes without an event, or with its tab. */
export function openSession(store: TextStore, now: () => number = Date.now): Session {
  const current = (): SessionRecord => {
    const known = parse(store.read(KEY));
    const idleMs = known ? now() - known.activeAt : Number.POSITIVE_INFINITY;
    return known && idleMs < SESSION_IDLE_MS
      ? known
      : { id: randomId(), activeAt: now(), identity: null };
  };
  const save = (record: SessionRecord): SessionRecord => {
    const saved = { ...record, activeAt: now() };
    store.write(KEY, JSON.stringify(saved));
    return saved;
  };
  return {
    touch: () => save(current()).id,
    identity: () => current().identity,
    bind: (identity) => {
      save({ ...current(), identity });
    },
    end: () => {
      save({ id: randomId(), activeAt: now(), identity: null });
    },
  };
}

function parse(stored: string | null): SessionRecord | null {
  try {
    const value: unknown = JSON.parse(stored ?? 'null');
    if (!isRecord(value) || typeof value.id !== 'string') return null;
    if (!/^[0-9a-f]{32}$/.test(value.id) || typeof value.activeAt !== 'number') return null;
    const identity = typeof value.identity === 'string' ? value.identity : null;
    return { id: value.id, activeAt: value.activeAt, identity };
  } catch {
    return null;
  }
}
