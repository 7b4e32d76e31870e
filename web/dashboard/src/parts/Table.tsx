/**
 * A long table: only the rows in view are in the page. Arrow keys, Home, End and j/k move, Enter opens, Space or x selects.
 * On a narrow screen each row is a card. A grid of its own: rows that are not there cannot be in a table element.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { number } from '../lib/format';
import { texts } from '../texts';
import { useKeys } from './keys';
import { Failed } from './States';
import { type Sorting, TableHead } from './TableHead';
import { useNarrow } from './useNarrow';
import type { Rows } from './useRows';
import { WaitingBar } from './WaitingBar';

export interface Column<Row> {
  key: string;
  head: string;
  /** A track of a CSS grid. */
  width: string;
  /** The API's name of the order. */
  sort?: string;
  cell: (row: Row) => ReactNode;
}

interface Selection {
  has: (key: string) => boolean;
  toggle: (key: string) => void;
}

interface Props<Row> extends Sorting {
  label: string;
  rows: Rows<Row>;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  /** What the row is called, for whoever cannot see it. */
  rowName: (row: Row) => string;
  card: (row: Row) => ReactNode;
  cardHeight?: number;
  rowHeight?: number;
  onOpen?: (row: Row) => void;
  empty: ReactNode;
  selection?: Selection;
  /** Narrower than this, the table scrolls sideways. */
  minWidth?: number;
  /** Told which row the cursor is on. */
  onActive?: (row: Row | undefined) => void;
}

const OVERSCAN_ROWS = 8;
const HEAD_PX = 36;
/** As high as leaves room for what stands above it, and for the line beneath it that says that rows are left out. */
const HIGH = 'max-h-[max(20rem,calc(100dvh-13rem))] lg:max-h-[max(24rem,calc(100dvh-13.5rem))]';
const HIGH_WHEN_CUT =
  'max-h-[max(20rem,calc(100dvh-16rem))] lg:max-h-[max(24rem,calc(100dvh-15.5rem))]';

export function Table<Row>(props: Props<Row>) {
  const { rows, columns, selection, rowHeight = 46, cardHeight = 104, minWidth = 900 } = props;
  const narrow = useNarrow();
  const scroller = rows.place;
  const [active, setActive] = useState(0);
  const id = useId();
  const height = narrow ? cardHeight : rowHeight;
  const virtual = useVirtualizer({
    count: rows.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: OVERSCAN_ROWS,
    scrollPaddingStart: narrow ? 0 : HEAD_PX,
  });
  const items = virtual.getVirtualItems();
  const from = items[0]?.index ?? 0;
  const to = items.at(-1)?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row's height is all that matters
  useEffect(() => virtual.measure(), [height]);
  useEffect(() => rows.want(from, to));
  const current = Math.min(active, Math.max(0, rows.count - 1));

  function focusRow(index: number) {
    virtual.scrollToIndex(index);
    // The row may have to be made first.
    requestAnimationFrame(() => document.getElementById(`${id}-${index}`)?.focus());
  }

  // The cursor stays on its row when others come before it; where its row is gone, it stays in its place.
  const held = useRef<{ name: string; key: string | undefined }>({
    name: rows.name,
    key: undefined,
  });
  const { rowKey } = props;
  const keyAt = (index: number) => {
    const row = rows.at(index);
    return row && rowKey(row);
  };
  useLayoutEffect(() => {
    if (rows.stale) return;
    const { name, key } = held.current;
    if (name !== rows.name) {
      held.current = { name: rows.name, key: undefined };
      setActive(0);
      scroller.current?.scrollTo({ top: 0 });
      return;
    }
    const now = keyAt(current);
    if (key !== undefined && now !== key) {
      const moved = rows.find((row) => rowKey(row) === key);
      if (moved >= 0) {
        const focused = document.activeElement?.id === `${id}-${current}`;
        setActive(moved);
        if (focused) focusRow(moved);
        return;
      }
    }
    held.current.key = now;
  });

  function activate(index: number) {
    held.current.key = keyAt(index);
    setActive(index);
  }

  function move(to: number) {
    const next = Math.max(0, Math.min(rows.count - 1, to));
    activate(next);
    focusRow(next);
  }

  // What is new stands at the top, and so does the cursor then.
  function showWaiting() {
    rows.waiting?.show();
    held.current.key = undefined;
    setActive(0);
    focusRow(0);
  }

  const activeRow = rows.at(current);
  const { onActive } = props;
  useEffect(() => onActive?.(activeRow), [onActive, activeRow]);
  // From anywhere on the page into the table.
  useKeys({ j: () => move(current), k: () => move(current) });

  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    const target = event.target as HTMLElement;
    if (target.getAttribute('role') !== 'row' || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const row = rows.at(current);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / height) - 1);
    const moves: Record<string, number> = {
      ArrowDown: current + 1,
      j: current + 1,
      ArrowUp: current - 1,
      k: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: rows.count - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' && row) props.onOpen?.(row);
    else if ((event.key === ' ' || event.key === 'x') && row && selection)
      selection.toggle(props.rowKey(row));
    else return;
    event.preventDefault();
  }

  if (rows.error && rows.total === undefined)
    return <Failed error={rows.error} retry={rows.retry} />;
  const pending = rows.total === undefined;
  if (rows.total === 0) return props.empty;
  const cut = (rows.total ?? 0) > rows.count;
  const tracks = `${selection ? '24px ' : ''}${columns.map((column) => column.width).join(' ')}`;
  return (
    <>
      {rows.waiting && (
        <WaitingBar waiting={{ ...rows.waiting, show: showWaiting }} under={!narrow} />
      )}
      <div
        ref={scroller}
        role="grid"
        aria-label={props.label}
        aria-busy={pending || rows.stale}
        aria-rowcount={rows.count + 1}
        tabIndex={-1}
        onKeyDown={onKeyDown}
        className={`relative overflow-auto transition-opacity ${cut ? HIGH_WHEN_CUT : HIGH} ${rows.stale ? 'opacity-60' : ''}`}
      >
        <TableHead
          columns={columns}
          selects={selection !== undefined}
          sort={props.sort}
          order={props.order}
          onSort={props.onSort}
          tracks={tracks}
          narrow={narrow}
          minWidth={minWidth}
        />
        {pending && <Skeletons height={height} />}
        <div
          role="rowgroup"
          className="relative"
          style={{ height: virtual.getTotalSize(), minWidth: narrow ? undefined : minWidth }}
        >
          {items.map((item) => {
            const row = rows.at(item.index);
            const selected = row && selection ? selection.has(props.rowKey(row)) : undefined;
            return (
              <div
                key={item.key}
                id={`${id}-${item.index}`}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={selected}
                aria-label={row ? props.rowName(row) : texts.common.loading}
                tabIndex={item.index === current ? 0 : -1}
                onFocus={() => activate(item.index)}
                onClick={(event) => {
                  const inner = (event.target as HTMLElement).closest('a,button,input,label');
                  if (row && !inner && getSelection()?.isCollapsed !== false) props.onOpen?.(row);
                }}
                className={`absolute inset-x-0 top-0 grid items-center gap-3 border-b border-line px-4 -outline-offset-2 hover:bg-sunken ${props.onOpen ? 'cursor-pointer' : ''} ${selected ? 'bg-accent-wash' : ''}`}
                style={{
                  height,
                  transform: `translateY(${item.start}px)`,
                  gridTemplateColumns: narrow ? (selection ? '24px 1fr' : '1fr') : tracks,
                }}
              >
                {selection && (
                  <Pick
                    name={row ? props.rowName(row) : ''}
                    picked={selected ?? false}
                    toggle={() => row && selection.toggle(props.rowKey(row))}
                  />
                )}
                {narrow ? (
                  <div role="gridcell" className="min-w-0">
                    {row ? props.card(row) : <span className="skeleton h-12" />}
                  </div>
                ) : (
                  columns.map((column) => (
                    <div key={column.key} role="gridcell" className="min-w-0 truncate">
                      {row ? column.cell(row) : <span className="skeleton h-4 w-4/5" />}
                    </div>
                  ))
                )}
              </div>
            );
          })}
        </div>
      </div>
      {cut && (
        <p className="border-t border-line bg-sunken px-4 py-2 text-sm text-soft">
          {texts.common.tooMany(number(rows.count), number(rows.total ?? 0))}
        </p>
      )}
    </>
  );
}

function Pick({ name, picked, toggle }: { name: string; picked: boolean; toggle: () => void }) {
  return (
    <div role="gridcell" className="flex">
      <input
        type="checkbox"
        tabIndex={-1}
        className="size-4 accent-accent"
        aria-label={texts.common.select(name)}
        checked={picked}
        onChange={toggle}
      />
    </div>
  );
}

const SKELETON_ROWS = 12;

function Skeletons({ height }: { height: number }) {
  return Array.from({ length: SKELETON_ROWS }, (_, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
    <div key={row} className="flex items-center border-b border-line px-4" style={{ height }}>
      <span className="skeleton h-4 w-full" />
    </div>
  ));
}
