/** Pasted lines as entries of a dataset: key, value and note, separated by tabs or commas. */
import type { EntryBody } from '../api/types';

export interface Pasted {
  entries: EntryBody[];
  /** Lines whose value is none of the dataset's, by their number from 1. */
  wrong: { line: number; value: string }[];
}

/** `"a, b",c` as two cells; a quote within quotes is doubled. */
function cells(line: string): string[] {
  if (line.includes('\t')) return line.split('\t').map((cell) => cell.trim());
  const found = [...line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)];
  return found.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? '');
}

export function parseEntries(text: string, values: string[]): Pasted {
  const entries: EntryBody[] = [];
  const wrong: Pasted['wrong'] = [];
  text.split(/\r?\n/).forEach((line, place) => {
    if (!line.trim()) return;
    const [key = '', value = '', ...rest] = cells(line);
    const note = rest.filter(Boolean).join(', ');
    if (value && !values.includes(value)) wrong.push({ line: place + 1, value });
    else if (key) entries.push({ key, ...(value && { value }), ...(note && { note }) });
  });
  return { entries, wrong };
}
