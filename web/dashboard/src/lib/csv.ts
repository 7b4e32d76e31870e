/** CSV as spreadsheets read it (RFC 4180), safe to open in one. */

/** A cell that begins so would be computed by a spreadsheet. */
const FORMULA = /^[=+\-@\t\r]/;

export type Cell = string | number | boolean | null | undefined;

export function csvCell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvRow(cells: Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** Hands a text to the browser as a file. The mark at its head tells spreadsheets that it is UTF-8. */
export function save(name: string, parts: string[]) {
  saveAs(name, new Blob(['\ufeff', ...parts], { type: 'text/csv;charset=utf-8' }));
}

export function saveAs(name: string, what: Blob) {
  const url = URL.createObjectURL(what);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
