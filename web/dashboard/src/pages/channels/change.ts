/** A change of a channel. */
import { api, body } from '../../api/client';

export const TOUCHES = ['channels'];

export const of = (slug: string) => ({ params: { path: { slug } } });

export interface Change {
  enabled?: boolean;
  events?: string[];
  name?: string;
  to?: string[] | null;
  url?: string | null;
  maxPerMinute?: number | null;
  digestMinutes?: number;
}

export const set = (slug: string, change: Change) =>
  body(api.PATCH('/channels/{slug}', { ...of(slug), body: change }));
