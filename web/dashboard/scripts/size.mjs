// What the first load costs: every script that index.html names, with what these import at once.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** The dashboard is to be there within a moment on a slow line. */
const FIRST_LOAD_BYTES_MAX = 250 * 1024;

const dist = new URL('../dist/', import.meta.url);
const page = readFileSync(new URL('index.html', dist), 'utf8');
const names = [...page.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((found) => found[1]);
const size = (name) => gzipSync(readFileSync(new URL(name, dist))).length;
const total = names.reduce((sum, name) => sum + size(name), 0);
const told = `first load: ${(total / 1024).toFixed(1)} KB gzip of script in ${names.length} files`;
if (total > FIRST_LOAD_BYTES_MAX) {
  console.error(`${told}, more than ${FIRST_LOAD_BYTES_MAX / 1024}`);
  process.exit(1);
}
console.info(told);
