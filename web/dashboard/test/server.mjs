// A server on a temporary store, with the calls that tests make of it.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serve } from './serve.mjs';

/** Started, it listens within this. */
const START_MS = 30_000;
/** What was sent is scored within this. */
const PROCESSED_MS = 120_000;
const POLL_MS = 100;
/** As many events as the API takes at once. */
const BATCH = 500;

export async function until(what, check, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** As JSON, but for numbers that lose digits as numbers: ids have up to 63 bits, and are texts here. */
function exactly(text) {
  const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  return JSON.parse(text.replace(token, (one) => (/^-?\d{16,}$/.test(one) ? `"${one}"` : one)));
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Calls the API with a key or a session's token. */
function caller(origin, token) {
  return async (method, path, json) => {
    const answer = await fetch(`${origin}/api${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: json === undefined ? undefined : JSON.stringify(json),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? exactly(text) : null;
  };
}

/** A server that runs already, and goes on when this ends. */
export async function running(origin, keys, name) {
  const { token } = await caller(origin, '')('POST', '/auth/login', keys);
  return { origin, keys, name, call: caller(origin, token) };
}

/** With DREGS_DIST the pages come from dist/, so that a binary without them will do. */
export async function start(binary) {
  const home = mkdtempSync(join(tmpdir(), 'dregs-dashboard-'));
  const keysFile = join(home, 'keys.json');
  const port = await freePort();
  const args = [
    'serve',
    '--listen',
    `127.0.0.1:${port}`,
    '--data-dir',
    join(home, 'data'),
    '--bootstrap-file',
    keysFile,
    '--allow-private-targets',
  ];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  process.on('exit', () => child.kill('SIGKILL'));
  const api = `http://127.0.0.1:${port}`;
  await until(
    'the server',
    () =>
      fetch(`${api}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      ),
    START_MS,
  );
  const keys = await until('the keys', () => {
    try {
      return JSON.parse(readFileSync(keysFile, 'utf8'));
    } catch {
      return null;
    }
  });
  const front = process.env.DREGS_DIST ? await serve(api) : null;
  const server = {
    api,
    origin: front ? `http://127.0.0.1:${front.address().port}` : api,
    keys,
    call: caller(api, keys.secretKey),
    /** Waits until whatever was sent is processed. */
    processed() {
      const done = async () => {
        const { processing } = await server.call('GET', '/dashboard/summary');
        return processing.waiting + processing.due === 0;
      };
      return until('all of it is processed', done, PROCESSED_MS);
    },
    /** Labelled traffic with its abusers. */
    simulate(identities) {
      const sender = spawn(
        binary,
        [
          'simulate',
          '--identities',
          String(identities),
          '--days',
          '10',
          '--abuse',
          '0.3',
          '--to',
          api,
          '--key',
          keys.secretKey,
        ],
        { stdio: 'ignore' },
      );
      return new Promise((resolve, reject) => {
        sender.on('exit', (code) =>
          code === 0 ? resolve() : reject(new Error(`simulate ended with ${code}`)),
        );
      });
    },
    /** The same traffic each time, as if it ended now. */
    async replay(identities, days) {
      const out = join(home, 'traffic');
      const of = ['--identities', String(identities), '--days', String(days), '--abuse', '0.12'];
      await promisify(execFile)(binary, ['simulate', ...of, '--out', out]);
      const events = readFileSync(join(out, 'events.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const last = Math.max(...events.map((event) => Date.parse(event.timestamp)));
      const later = Date.now() - last;
      for (const event of events)
        event.timestamp = new Date(Date.parse(event.timestamp) + later).toISOString();
      for (let from = 0; from < events.length; from += BATCH)
        await server.call('POST', '/events', events.slice(from, from + BATCH));
    },
    stop() {
      front?.close();
      child.kill('SIGTERM');
      return new Promise((resolve) => {
        child.on('exit', () => {
          rmSync(home, { recursive: true, force: true });
          resolve();
        });
      });
    },
  };
  return server;
}
