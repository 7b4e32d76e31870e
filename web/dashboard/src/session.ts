/** The session token of whoever is signed in: in this tab, or on this device when they asked for that. */
import { useSyncExternalStore } from 'react';

const KEY = 'dregs.session';

type Ending = 'over' | 'left';

const listeners = new Set<() => void>();
let held: string | null = null;
let ended: Ending | null = null;

// Storage may be blocked: then the session lasts until the page is left.
function stored(storage: () => Storage): string | null {
  try {
    return storage().getItem(KEY);
  } catch {
    return null;
  }
}

function store(storage: () => Storage, value: string | null) {
  try {
    if (value === null) storage().removeItem(KEY);
    else storage().setItem(KEY, value);
  } catch {
    // Kept in memory alone.
  }
}

held = stored(() => sessionStorage) ?? stored(() => localStorage);

// Another tab of this device signed out, or in as someone else.
addEventListener('storage', (event) => {
  if (event.key === KEY && stored(() => sessionStorage) === null) change(event.newValue);
});

function change(value: string | null) {
  held = value;
  for (const listener of listeners) listener();
}

export function token(): string | null {
  return held;
}

export function beginSession(value: string, onThisDevice: boolean) {
  ended = null;
  store(() => sessionStorage, onThisDevice ? null : value);
  store(() => localStorage, onThisDevice ? value : null);
  change(value);
}

/** Another session of the same person, kept where the one before was. */
export function replaceSession(value: string) {
  beginSession(value, stored(() => localStorage) === held);
}

/** Told before anything is drawn: what was read belongs to the session before. */
export function whenSessionChanges(listener: () => void) {
  listeners.add(listener);
}

export function endSession(how: Ending) {
  if (held === null) return;
  ended = how;
  store(() => sessionStorage, null);
  store(() => localStorage, null);
  change(null);
}

/** Whether whoever was here logged out. */
export function hasLeft(): boolean {
  return ended === 'left';
}

/** Whether the session ended by itself, so that logging in can say so. */
export function sessionIsOver(): boolean {
  return ended === 'over';
}

export function useToken(): string | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, token);
}
