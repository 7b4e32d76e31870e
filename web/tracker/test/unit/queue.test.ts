import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { backoffMs, retryAfterMs } from '../../src/backoff';
import { batchLength, openQueue } from '../../src/queue';
import { type Outcome, outcomeOf } from '../../src/transport';
import type { TrackerEvent } from '../../src/types';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

const eventOf = (id: number, type = 'x', data = {}): TrackerEvent => ({
  id: String(id),
  type,
  data,
  timestamp: '',
  source: 'tracker',
  url: '',
  referrer: '',
  session: '',
});

function queueWith(outcomes: Outcome[]) {
  const sent: TrackerEvent[][] = [];
  const last: TrackerEvent[][] = [];
  const queue = openQueue({
    send: async (batch) => {
      sent.push(batch);
      return outcomes.shift() ?? { kind: 'done' };
    },
    sendLast: (batch) => {
      last.push(batch);
    },
  });
  return { queue, sent, last };
}

async function passMs(timeMs: number): Promise<void> {
  mock.timers.tick(timeMs);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test('events travel in batches of fifty', async () => {
  const { queue, sent } = queueWith([]);
  for (let id = 0; id < 120; id++) queue.add(eventOf(id));
  for (let round = 0; round < 4; round++) await passMs(300);
  assert.deepEqual(
    sent.map((batch) => batch.length),
    [50, 50, 20],
  );
});

test('a refused batch comes again in order after the time the server named', async () => {
  const { queue, sent } = queueWith([{ kind: 'retry', afterMs: 5_000 }]);
  queue.add(eventOf(1));
  await passMs(300);
  queue.add(eventOf(2));
  await passMs(4_999);
  assert.equal(sent.length, 1);
  await passMs(1);
  assert.deepEqual(
    sent[1]?.map(({ id }) => id),
    ['1', '2'],
  );
});

test('a batch that can never succeed is given up', async () => {
  const { queue, sent } = queueWith([{ kind: 'drop' }]);
  queue.add(eventOf(1));
  await passMs(300);
  queue.add(eventOf(2));
  await passMs(300);
  assert.deepEqual(
    sent.map((batch) => batch.map(({ id }) => id)),
    [['1'], ['2']],
  );
});

test('a full queue gives up automatic events first', () => {
  const { queue, last } = queueWith([]);
  queue.add(eventOf(-1, 'dregs_init'));
  for (let id = 0; id < 150; id++) queue.add(eventOf(id, 'interaction'));
  for (let id = 150; id < 250; id++) queue.add(eventOf(id, 'track'));
  queue.flushLast();
  const kept = last.flat();
  assert.equal(kept.length, 200);
  assert.equal(kept[0]?.type, 'dregs_init');
  assert.equal(kept.filter(({ type }) => type === 'track').length, 100);
});

test('batches stay under the size that browsers keep alive', () => {
  const large = eventOf(1, 'x', { text: 'é'.repeat(10_000) });
  assert.equal(batchLength([large, large, large]), 2);
});

test('an event too large to leave says only that it happened', () => {
  const { queue, last } = queueWith([]);
  queue.add(eventOf(1, 'x', { text: 'a'.repeat(100_000) }));
  queue.flushLast();
  assert.deepEqual(last[0]?.[0]?.data, { truncated: true });
});

test('which answers are tried again', () => {
  const kinds = [200, 204, 400, 401, 402, 413, 408, 429, 500, 503].map(
    (status) => outcomeOf(status, null).kind,
  );
  const [d, x, r] = ['done', 'drop', 'retry'];
  assert.deepEqual(kinds, [d, d, x, x, x, x, r, r, r, r]);
});

test('waiting grows to a minute and honours the server', () => {
  assert.deepEqual(
    [1, 2, 3, 9].map((n) => backoffMs(n, () => 0)),
    [1_000, 2_000, 4_000, 60_000],
  );
  assert.equal(
    backoffMs(1, () => 1),
    500,
  );
  assert.equal(retryAfterMs('7'), 7_000);
  assert.equal(retryAfterMs('9999'), 60_000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:30 GMT', 0), 30_000);
  assert.equal(retryAfterMs('soon'), null);
});
