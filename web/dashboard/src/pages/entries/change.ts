/** A change of a dataset. */
import { api, body } from '../../api/client';
import type { EntryBody } from '../../api/types';

export const TOUCHES = ['datasets'];

export const put = (slug: string, entry: EntryBody) =>
  body(api.PUT('/datasets/{slug}/entries', { params: { path: { slug } }, body: entry }));
export const drop = (slug: string, key: string) =>
  body(api.DELETE('/datasets/{slug}/entries', { params: { path: { slug }, query: { key } } }));
