import { guard } from '../guard';
import { pageAddress } from '../page';
import type { Recorder } from './index';

/** The first view, and each in-page navigation that changes the address. */
export function watchPageViews(record: Recorder, signal: AbortSignal): void {
  let shown = '';
  const view = guard((navigation: string) => {
    const { url } = pageAddress();
    if (signal.aborted || url === shown) return;
    shown = url;
    record('page_view', { navigation });
  });
  view('load');
  wrapHistory('pushState', () => view('push'));
  wrapHistory('replaceState', () => view('replace'));
  window.addEventListener('popstate', () => view('pop'), { signal });
  const restored = (event: PageTransitionEvent): void => {
    if (!event.persisted) return;
    shown = '';
    view('restore');
  };
  window.addEventListener('pageshow', guard(restored), { signal });
}

function wrapHistory(method: 'pushState' | 'replaceState', afterwards: () => void): void {
  const original = history[method];
  history[method] = function (this: History, ...args: Parameters<History['pushState']>): void {
    original.apply(this, args);
    afterwards();
  };
}
