import { cleanUrl } from './url';

let current = '';
let previous: string | null = null;

/** The address of the page and the one before it, in-page navigation included. */
export function pageAddress(): { url: string; referrer: string } {
  const url = cleanUrl(location.href);
  if (current !== '' && url !== current) previous = current;
  current = url;
  return { url, referrer: previous ?? cleanUrl(document.referrer) };
}

/** Runs when the page has loaded and is really shown, not merely prerendered. */
export function whenLoaded(callback: () => void): void {
  const { prerendering } = document as { prerendering?: boolean };
  if (prerendering) {
    document.addEventListener('prerenderingchange', () => whenLoaded(callback), { once: true });
  } else if (document.readyState === 'complete') {
    setTimeout(callback, 0);
  } else {
    window.addEventListener('load', () => setTimeout(callback, 0), { once: true });
  }
}
