/** A way to the provider of single sign-on and back. What is kept of it lies in this tab alone. */

const KEY = 'dregs.trip';
/** What the provider may say went wrong (OAuth 2.0 and OpenID Connect); other words could be anybody's. */
const KNOWN = [
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_request',
  'invalid_scope',
  'login_required',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_response_type',
];

export interface Trip {
  /** Where to go on, in this dashboard. */
  path: string;
  /** Whether to stay signed in on this device. */
  keep: boolean;
  /** The token of an invitation that is accepted by this. */
  invitation?: string;
}

const HOME: Trip = { path: '/', keep: false };

/** A path of this dashboard; whatever would lead elsewhere leads home. */
export function localPath(path: unknown, origin: string): string {
  if (typeof path !== 'string' || !path.startsWith('/')) return '/';
  try {
    const url = new URL(path, origin);
    if (url.origin !== origin) return '/';
    return url.pathname + url.search + url.hash;
  } catch {
    return '/';
  }
}

export function begin(trip: Trip) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(trip));
  } catch {
    // It goes on at home then.
  }
}

/** The trip that has come to its end here. */
export function end(): Trip {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return readTrip(text, location.origin);
  } catch {
    return HOME;
  }
}

export function readTrip(text: string | null, origin: string): Trip {
  try {
    const held = JSON.parse(text ?? '{}');
    const invitation = typeof held.invitation === 'string' ? held.invitation : undefined;
    return { path: localPath(held.path, origin), keep: held.keep === true, invitation };
  } catch {
    return HOME;
  }
}

export interface Returned {
  code: string;
  state: string;
  iss?: string;
}

/** What came back: a code, or a word for what went wrong. */
export function readReturn(search: string): Returned | { error: string } {
  const given = new URLSearchParams(search);
  const [code, state] = [given.get('code'), given.get('state')];
  const error = given.get('error');
  if (error !== null) return { error: KNOWN.includes(error) ? error : 'unknown' };
  if (!code || !state) return { error: 'missing' };
  const iss = given.get('iss');
  return iss === null ? { code, state } : { code, state, iss };
}
