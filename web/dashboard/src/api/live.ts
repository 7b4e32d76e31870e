/** The one stream of what changes, for all pages; while it is not there, pages ask by themselves. */
import { type Hint, hintOf, readSent, SENT_CHARS_MAX, type Sent } from '../lib/sent';
import { api, plainFetch } from './client';

/** A stream that is silent for so long is none: the server says something every 15 seconds. */
const SILENCE_MS = 45_000;
/** Pauses before it is tried again, longer each time. */
const AGAIN_MS = [1_000, 2_000, 5_000, 15_000, 30_000];
/** Nobody looks at a tab that was hidden for so long; browsers allow few connections to one server. */
const HIDDEN_MS = 30_000;
/** Told of what changes, a page asks no more often than this; hints may get lost. */
const TOLD_POLL_MS = 60_000;

let connected = false;
const listeners = new Set<() => void>();

function setConnected(now: boolean) {
  if (connected === now) return;
  connected = now;
  for (const listener of listeners) listener();
}

export const isConnected = () => connected;

export function whenConnectionChanges(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** How often to ask for something that is worth asking for every `ms` when nobody tells of changes. */
export function poll(ms: number): number {
  return connected ? Math.max(ms, TOLD_POLL_MS) : ms;
}

export interface Told {
  /** Something of a kind changed. */
  hint: (kind: string, hint: Hint) => void;
  /** Anything may have. */
  refresh: () => void;
}

/** Watches until it is told to stop. */
export function watch(told: Told): () => void {
  let last: string | null = null;
  let failures = 0;
  let current: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  function take({ name, id, data }: Sent) {
    failures = 0;
    setConnected(true);
    // To whoever comes back with an id, the server says that something may have been missed.
    last = id ?? last ?? '0';
    if (name === 'refresh') told.refresh();
    else if (name !== 'ready') told.hint(name, hintOf(data));
  }

  async function connect() {
    if (over || current || document.hidden) return;
    const control = new AbortController();
    current = control;
    try {
      await read(control, last, take);
    } catch {
      // Said by the pages themselves, which ask again.
    }
    current = null;
    setConnected(false);
    if (over || document.hidden) return;
    const pause = AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] ?? 0;
    failures += 1;
    timer = setTimeout(connect, pause * (0.75 + Math.random() / 2));
  }

  function onVisibility() {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => current?.abort(), HIDDEN_MS);
    else connect();
  }

  document.addEventListener('visibilitychange', onVisibility);
  connect();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onVisibility);
    current?.abort();
    setConnected(false);
  };
}

/** Reads one stream to its end. */
async function read(control: AbortController, last: string | null, take: (sent: Sent) => void) {
  const { data } = await api.GET('/live', {
    parseAs: 'stream',
    fetch: plainFetch,
    signal: control.signal,
    headers: last === null ? {} : { 'Last-Event-ID': last },
  });
  if (!data) return;
  const reader = (data as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      clearTimeout(silence);
      silence = setTimeout(() => control.abort(), SILENCE_MS);
      const { done, value } = await reader.read();
      if (done || text.length > SENT_CHARS_MAX) return;
      const { found, rest } = readSent(text + decoder.decode(value, { stream: true }));
      text = rest;
      found.forEach(take);
    }
  } finally {
    clearTimeout(silence);
    control.abort();
  }
}
