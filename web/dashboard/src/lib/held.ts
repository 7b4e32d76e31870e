/** Lists that change while somebody's hand is on them: what is shown stays in its place until it is let go. */

/** Rows by page. */
export type Pages<Row> = ReadonlyMap<number, readonly Row[]>;

/** Whether what came would move or hide a row that is shown. More rows at the end move nothing. */
export function moves<Row>(
  shown: Pages<Row>,
  came: Pages<Row>,
  keyOf: (row: Row) => string,
): boolean {
  for (const [page, rows] of shown) {
    const others = came.get(page);
    if (!others) continue;
    if (others.length < rows.length) return true;
    if (rows.some((row, place) => keyOf(row) !== keyOf(others[place] as Row))) return true;
  }
  return false;
}

/** What is shown, each row as it came last; pages that were not there are as they came. */
export function renewed<Row>(
  shown: Pages<Row>,
  came: Pages<Row>,
  keyOf: (row: Row) => string,
): Map<number, readonly Row[]> {
  const latest = new Map<string, Row>();
  for (const rows of came.values()) for (const row of rows) latest.set(keyOf(row), row);
  const all = new Map<number, readonly Row[]>(came);
  for (const [page, rows] of shown) {
    all.set(
      page,
      rows.map((row) => latest.get(keyOf(row)) ?? row),
    );
  }
  return all;
}

/** How many came that are not shown. */
export function newcomers<Row>(
  shown: Pages<Row>,
  came: Pages<Row>,
  keyOf: (row: Row) => string,
): number {
  const known = new Set([...shown.values()].flatMap((rows) => rows.map(keyOf)));
  let count = 0;
  for (const page of shown.keys())
    for (const row of came.get(page) ?? []) if (!known.has(keyOf(row))) count += 1;
  return count;
}
