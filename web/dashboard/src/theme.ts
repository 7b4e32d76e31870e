/** Light, dark, or as the system has it. `public/theme.js` applies the choice before the first paint. */
import { useSyncExternalStore } from 'react';
import { keep, kept } from './lib/kept';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'dregs.theme';
const listeners = new Set<() => void>();

function chosen(): Theme {
  const value = kept(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export function setTheme(theme: Theme) {
  keep(KEY, theme === 'system' ? null : theme);
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

/** The choice, and whether the page is dark now. Canvases draw themselves again when it changes. */
export function useTheme(): { theme: Theme; dark: boolean } {
  const subscribe = (listener: () => void) => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    media.addEventListener('change', listener);
    listeners.add(listener);
    return () => {
      media.removeEventListener('change', listener);
      listeners.delete(listener);
    };
  };
  const theme = useSyncExternalStore(subscribe, chosen);
  const system = useSyncExternalStore(
    subscribe,
    () => matchMedia('(prefers-color-scheme: dark)').matches,
  );
  return { theme, dark: theme === 'system' ? system : theme === 'dark' };
}
