import { isRecord } from './hash/json';

export interface Config {
  key: string;
  endpoint: string;
  autoTrack: boolean;
}

/** Where this script came from. Only known while the script runs for the first time. */
export function scriptOrigin(): string {
  const script = document.currentScript as HTMLScriptElement | null;
  try {
    return new URL(script?.src || location.href).origin;
  } catch {
    return location.origin;
  }
}

/** The options of `init`, or null when they cannot work. */
export function readConfig(options: unknown, defaultEndpoint: string): Config | null {
  if (!isRecord(options) || typeof options.key !== 'string' || options.key === '') {
    console.warn('dregs: init needs { key: "pk_…" }');
    return null;
  }
  if (options.key.startsWith('sk_')) {
    console.warn('dregs: a secret key must never reach a browser; use the public key (pk_…)');
    return null;
  }
  const endpoint = typeof options.endpoint === 'string' ? options.endpoint : defaultEndpoint;
  return {
    key: options.key,
    endpoint: endpoint.replace(/\/+$/, ''),
    autoTrack: options.autoTrack !== false,
  };
}
