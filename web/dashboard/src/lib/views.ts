/** Saved views: filters under a name, kept on this device. */
import { useSyncExternalStore } from 'react';
import { keep, kept } from './kept';

const KEY = 'dregs.views';
export const VIEWS_MAX = 30;
export const VIEW_NAME_CHARS_MAX = 60;

export interface View {
  name: string;
  /** As in the address bar, without the question mark. */
  search: string;
}

const listeners = new Set<() => void>();
let text = kept(KEY);
let views = parse(text);

function parse(json: string | null): View[] {
  try {
    const value: unknown = JSON.parse(json ?? '[]');
    if (!Array.isArray(value)) return [];
    return value
      .filter((view) => typeof view?.name === 'string' && typeof view?.search === 'string')
      .slice(0, VIEWS_MAX);
  } catch {
    return [];
  }
}

function write(changed: View[]) {
  views = changed.slice(0, VIEWS_MAX);
  text = JSON.stringify(views);
  keep(KEY, text);
  for (const listener of listeners) listener();
}

/** In the place of the one of that name. */
export function saveView(name: string, search: string) {
  const short = name.trim().slice(0, VIEW_NAME_CHARS_MAX);
  if (short) write([{ name: short, search }, ...views.filter((view) => view.name !== short)]);
}

export function removeView(name: string) {
  write(views.filter((view) => view.name !== name));
}

export function useViews(): View[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => views,
  );
}
