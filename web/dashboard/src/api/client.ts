/** The one door to the API. Every call is typed by the OpenAPI document: there is no other way to make one. */
import createClient, { type Middleware } from 'openapi-fetch';
import { endSession, token } from '../session';
import { texts } from '../texts';
import { exactNumbers } from './exact';
import type { paths } from './schema';

/** An answer that is not a success, or none at all (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly requestId: string | null,
  ) {
    super(message);
    this.name = 'Problem';
  }
}

/** The answer as it came, for what is kept and not read here. */
export async function plainFetch(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Problem(0, texts.errors.offline, null);
  }
}

async function exactFetch(request: Request): Promise<Response> {
  const response = await plainFetch(request);
  if (response.status === 204 || response.status === 304) return response;
  const text = await response.text();
  const { status, headers } = response;
  return new Response(exactNumbers(text), { status, headers });
}

/** What is asked before anybody is signed in: by their answers no session ends. */
const OPEN = [
  '/auth/login',
  '/auth/methods',
  '/auth/sso',
  '/auth/password/reset',
  '/auth/invitations/',
];

const withToken: Middleware = {
  onRequest({ request, schemaPath }) {
    const held = token();
    if (held && !OPEN.some((path) => schemaPath.startsWith(path)))
      request.headers.set('Authorization', `Bearer ${held}`);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return;
    const said: { message?: string } | null = await response.json().catch(() => null);
    // An answer to the session before, of another team, says nothing about the one that is held.
    const asked = request.headers.get('Authorization');
    if (response.status === 401 && asked === `Bearer ${token()}`) endSession('over');
    throw new Problem(
      response.status,
      said?.message ?? `${response.status}`,
      response.headers.get('X-Request-Id'),
    );
  },
};

export const api = createClient<paths>({ baseUrl: '/api', fetch: exactFetch });
api.use(withToken);

/** The body of a successful answer; the middleware has thrown the others. */
export async function body<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}
