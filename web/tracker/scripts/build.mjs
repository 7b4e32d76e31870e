/** Bundles the tracker into one file for browsers since 2019. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { LIBRARY_SOURCES } from '../src/signals/sources.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const library = dirname(
  createRequire(import.meta.url).resolve('@fingerprintjs/fingerprintjs/package.json'),
);

/** Keeps of the library's table of sources what the tracker asks for, so that the rest is shaken out. */
const onlyChosenSources = {
  name: 'only-chosen-sources',
  setup(bundler) {
    bundler.onLoad({ filter: /fp\.esm\.js$/ }, ({ path }) => ({
      contents: withoutOtherSources(readFileSync(path, 'utf8')),
      loader: 'js',
    }));
  },
};

function withoutOtherSources(code) {
  const table = /const sources = \{\n([\s\S]*?)\n\};/.exec(code);
  if (!table) throw new Error('the library has no table of sources: read its release notes');
  const lines = table[1].split('\n');
  const kept = LIBRARY_SOURCES.map((name) => {
    const line = lines.find((candidate) => candidate.trim().startsWith(`${name}:`));
    if (!line) throw new Error(`the library has no source ${name}`);
    return line;
  });
  return code.replace(table[0], `const sources = {\n${kept.join('\n')}\n};`);
}

await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/dregs.js',
  bundle: true,
  format: 'iife',
  target: 'es2019',
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: '/*! dregs.js, Apache-2.0; with FingerprintJS, MIT: dregs.js.LICENSE.txt */' },
  plugins: [onlyChosenSources],
  logLevel: 'warning',
});

mkdirSync(join(root, 'dist'), { recursive: true });
const licence = readFileSync(join(library, 'LICENSE'), 'utf8');
writeFileSync(join(root, 'dist/dregs.js.LICENSE.txt'), `FingerprintJS\n\n${licence}`);

const bundle = readFileSync(join(root, 'dist/dregs.js'));
console.log(`dist/dregs.js ${bundle.length} bytes, ${gzipSync(bundle, { level: 9 }).length} gzip`);
