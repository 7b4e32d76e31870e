/** A short list that is fetched whole, or what stands in its place. */
import type { ReactNode } from 'react';
import { Empty, Fetched, type Query } from './States';

export function ListOf<Item>({
  query,
  none,
  noneHint,
  children,
}: {
  query: Query<Item[]>;
  none: string;
  noneHint?: ReactNode;
  children: (item: Item) => ReactNode;
}) {
  return (
    <Fetched query={query}>
      {(items) =>
        items.length === 0 ? <Empty title={none}>{noneHint}</Empty> : <ul>{items.map(children)}</ul>
      }
    </Fetched>
  );
}
