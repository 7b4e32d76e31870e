import { URL_MAX } from './limits';

const SECRET_NAME =
  /pass|pwd|token|secret|auth|key|code|otp|session|sid$|sig|mail|phone|name|state|nonce|jwt|ticket/i;

/**
 * An address without what may identify or authorize a person: credentials, values of query
 * parameters that look secret or hold an e-mail address, and fragments other than client-side routes.
 */
export function cleanUrl(address: string): string {
  if (!address) return '';
  try {
    const url = new URL(address);
    const query = url.search
      .slice(1)
      .split('&')
      .filter((pair) => pair !== '')
      .map(cleanPair)
      .join('&');
    const origin = url.origin === 'null' ? `${url.protocol}//` : url.origin;
    const cleaned = origin + url.pathname + (query && `?${query}`) + routeOf(url.hash);
    return cleaned.slice(0, URL_MAX);
  } catch {
    return '';
  }
}

function cleanPair(pair: string): string {
  const [name = '', value] = split(pair, '=');
  if (value === undefined) return looksSecret(name) ? '-' : name;
  return SECRET_NAME.test(name) || looksSecret(value) ? `${name}=-` : pair;
}

function looksSecret(value: string): boolean {
  return /@|%40/.test(value) || value.length > 64;
}

/** `#/orders/7` is a page of a single-page application; `#access_token=…` is a credential. */
function routeOf(hash: string): string {
  if (!/^#!?\//.test(hash)) return '';
  return split(hash, '?')[0] ?? '';
}

function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
