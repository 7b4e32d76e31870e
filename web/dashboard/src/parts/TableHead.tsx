/** The names of a table's columns, by which it is put in order. */
import { texts } from '../texts';

export interface Sorting {
  sort?: string;
  order?: 'ASC' | 'DESC';
  onSort?: (sort: string, order: 'ASC' | 'DESC') => void;
}

export function TableHead({
  columns,
  selects,
  sort,
  order,
  onSort,
  tracks,
  narrow,
  minWidth,
}: Sorting & {
  columns: { key: string; head: string; sort?: string }[];
  /** Rows can be selected. */
  selects: boolean;
  tracks: string;
  narrow: boolean;
  minWidth: number;
}) {
  return (
    <div
      role="row"
      aria-rowindex={1}
      tabIndex={-1}
      className={
        narrow
          ? 'sr-only'
          : 'sticky top-0 z-10 grid h-9 items-center gap-3 border-b border-line bg-panel px-4 text-xs text-soft'
      }
      style={narrow ? undefined : { gridTemplateColumns: tracks, minWidth }}
    >
      {selects && (
        <div role="columnheader" tabIndex={-1}>
          <span className="sr-only">{texts.common.selected}</span>
        </div>
      )}
      {columns.map((column) => {
        const sorted = column.sort !== undefined && column.sort === sort;
        const next = sorted && order === 'ASC' ? 'DESC' : 'ASC';
        return (
          <div
            key={column.key}
            role="columnheader"
            tabIndex={-1}
            className="min-w-0"
            aria-sort={sorted ? (order === 'ASC' ? 'ascending' : 'descending') : undefined}
          >
            {column.sort && onSort && !narrow ? (
              <button
                type="button"
                className={`flex items-center gap-1 font-medium hover:text-ink ${sorted ? 'text-ink' : ''}`}
                onClick={() =>
                  onSort(column.sort ?? '', sorted ? next : firstOrder(column.sort ?? ''))
                }
              >
                {column.head}
                <span aria-hidden="true">{sorted ? (order === 'ASC' ? '↑' : '↓') : '↕'}</span>
              </button>
            ) : (
              <span className="font-medium">{column.head}</span>
            )}
          </div>
        );
      })}
    </div>
  );
}

/** Times are looked at from the latest, all else from the lowest. */
function firstOrder(sort: string): 'ASC' | 'DESC' {
  return /At$|timestamp|risk|size|growth/.test(sort) ? 'DESC' : 'ASC';
}
