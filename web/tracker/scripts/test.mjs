/** Bundles each unit test for Node and runs them all. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = mkdtempSync(join(tmpdir(), 'dregs-tracker-'));
const names = readdirSync(join(root, 'test/unit')).filter((name) => name.endsWith('.test.ts'));

await build({
  absWorkingDir: root,
  entryPoints: names.map((name) => `test/unit/${name}`),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});

const files = names.map((name) => join(outdir, name.replace(/\.ts$/, '.mjs')));
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
  stdio: 'inherit',
});
rmSync(outdir, { recursive: true });
process.exit(status ?? 1);
