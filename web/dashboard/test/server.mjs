// A server on a temporary store, with the calls that tests make of it.
import { execFile, spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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

const linesOf = (file) => createInterface({ input: createReadStream(file) });
const timeOf = (line) => line.match(/"timestamp":"([^"]+)"/);

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
export async function running(origin, keys) {
  const { token } = await caller(origin, '')('POST', '/auth/login', keys);
  return { origin, keys, call: caller(origin, token) };
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
    processed(ms = PROCESSED_MS) {
      const done = async () => {
        const { processing } = await server.call('GET', '/dashboard/summary');
        return processing.waiting + processing.due === 0;
      };
      return until('all of it is processed', done, ms);
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
    /** The same traffic each time, as if it ended now. Gives what is known of who does it: class by id, '' for honest ones. */
    async replay(identities, days, abuse = 0.12) {
      const out = join(home, 'traffic');
      const of = ['--identities', String(identities), '--days', String(days)];
      await promisify(execFile)(binary, [
        'simulate',
        ...of,
        '--abuse',
        String(abuse),
        '--out',
        out,
      ]);
      const events = () => linesOf(join(out, 'events.jsonl'));
      let last = 0;
      for await (const line of events()) last = Math.max(last, Date.parse(timeOf(line)[1]));
      const later = Date.now() - last;
      let batch = [];
      const send = async () => {
        await server.call('POST', '/events', batch);
        batch = [];
      };
      for await (const line of events()) {
        const event = JSON.parse(line);
        event.timestamp = new Date(Date.parse(event.timestamp) + later).toISOString();
        batch.push(event);
        if (batch.length === BATCH) await send();
      }
      if (batch.length > 0) await send();
      const classes = new Map();
      for await (const line of linesOf(join(out, 'labels_identities.csv'))) {
        const [id, , name] = line.split(',');
        classes.set(id, name);
      }
      classes.delete('identity');
      return classes;
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
