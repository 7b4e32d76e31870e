/** A short list that holds still while somebody points at it or is in it with the keyboard. */
import { type ReactNode, useMemo, useRef } from 'react';
import { isTouched, useHeld } from './useHeld';
import { WaitingBar } from './WaitingBar';

export function Steady<Row>({
  name,
  rows,
  rowKey,
  children,
}: {
  /** Of the question. */
  name: string;
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  children: (row: Row) => ReactNode;
}) {
  const place = useRef<HTMLUListElement>(null);
  const came = useMemo(() => new Map([[0, rows]]), [rows]);
  const { pages, waiting } = useHeld(name, came, rowKey, () => isTouched(place.current));
  return (
    <>
      {waiting && <WaitingBar waiting={waiting} />}
      <ul ref={place}>{pages.get(0)?.map(children)}</ul>
    </>
  );
}
