/** Has what is shown read again when the server says that it changed. */
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { isConnected, watch, whenConnectionChanges } from '../api/live';
import type { Hint } from '../lib/sent';

/** What a kind of change touches: first parts of the keys of queries. */
const TOUCHED: Record<string, string[]> = {
  identity: ['identities', 'labels', 'calibration'],
  event: ['events'],
  escalation: ['escalations', 'dashboard'],
  ring: ['rings'],
  device: ['devices', 'device'],
  delivery: ['channels'],
  ingestion: ['ingestion', 'dashboard', 'summary'],
  rule: ['badge-rules', 'escalation-rules', 'backtest'],
  settings: ['mappings', 'datasets', 'channels', 'credentials', 'team', 'retention', 'erasures'],
  access: ['me', 'team', 'credentials', 'tokens', 'sessions'],
};
/** Something is read again at most so often, and rests for so many times as long as reading it took. */
const REST_MS = 1_500;
const FIGURES_REST_MS = 5_000;
const REST_TIMES = 4;

function restOf(key: readonly string[]): number {
  return ['dashboard', 'summary', 'ingestion', 'calibration'].includes(key[0] ?? '')
    ? FIGURES_REST_MS
    : REST_MS;
}

/** Reads again what stands under a key: at once, or when it has rested. */
class Reader {
  private readonly resting = new Map<string, { again: boolean }>();

  constructor(private readonly client: QueryClient) {}

  async read(key: readonly string[]) {
    const name = JSON.stringify(key);
    const resting = this.resting.get(name);
    if (resting) {
      resting.again = true;
      return;
    }
    const state = { again: false };
    this.resting.set(name, state);
    const began = performance.now();
    await this.client.invalidateQueries({ queryKey: key }).catch(() => undefined);
    const rest = Math.max(restOf(key), (performance.now() - began) * REST_TIMES);
    setTimeout(() => {
      this.resting.delete(name);
      if (state.again) this.read(key);
    }, rest);
  }

  hint(kind: string, { ids, many }: Hint) {
    if (kind === 'identity') {
      if (many) this.read(['identity']);
      else for (const id of ids) if (this.shows(id)) this.read(['identity', id]);
    }
    for (const key of TOUCHED[kind] ?? []) this.read([key]);
  }

  private shows(id: string): boolean {
    return this.client.getQueryCache().find({ queryKey: ['identity', id] }) !== undefined;
  }
}

export function useLive() {
  const client = useQueryClient();
  useEffect(() => {
    const reader = new Reader(client);
    return watch({
      hint: (kind, hint) => reader.hint(kind, hint),
      refresh: () => client.invalidateQueries(),
    });
  }, [client]);
}

export function useIsLive(): boolean {
  return useSyncExternalStore(whenConnectionChanges, isConnected);
}
