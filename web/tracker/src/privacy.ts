import type { TextStore } from './storage';

const KEY = 'dregs.optout';

/** The visitor's legal signal against being observed: https://w3c.github.io/gpc/ */
export function refusesObservation(): boolean {
  return (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl === true;
}

export function hasOptedOut(store: TextStore): boolean {
  return store.read(KEY) === '1';
}

export function rememberOptOut(store: TextStore, optedOut: boolean): void {
  store.write(KEY, optedOut ? '1' : null);
}
