import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { holdEvents } from '../../src/held';
import type { TrackerEvent } from '../../src/types';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

const DEVICE = { fingerprint: 'f', signals: { v: 1 } };
const eventOf = (type: string, identity?: string): TrackerEvent => ({
  id: type,
  type,
  data: {},
  ...(identity ? { identity: { id: identity } } : {}),
  timestamp: '',
  source: 'tracker',
  url: '',
  referrer: '',
  session: '',
});

function holding() {
  const sent: TrackerEvent[] = [];
  const held = holdEvents((event) => sent.push(event));
  const types = () => sent.map(({ type }) => type);
  return { sent, held, types };
}

test('everything waits for the device, and the first event carries the signals', () => {
  const { sent, held, types } = holding();
  held.add(eventOf('a', 'u1'));
  held.add(eventOf('b'));
  assert.deepEqual(types(), []);
  held.resolve(DEVICE, eventOf('init'));
  held.add(eventOf('c'));
  assert.deepEqual(types(), ['init', 'a', 'b', 'c']);
  assert.deepEqual(sent[0]?.device, DEVICE);
  assert.deepEqual(sent[1]?.device, { fingerprint: 'f' });
  assert.deepEqual(sent[3]?.device, { fingerprint: 'f' });
});

test('after two seconds an event with an identity goes without the device', () => {
  const { sent, held, types } = holding();
  held.add(eventOf('ownerless'));
  held.add(eventOf('owned', 'u1'));
  mock.timers.tick(1_999);
  assert.deepEqual(types(), []);
  mock.timers.tick(1);
  assert.deepEqual(types(), ['owned']);
  assert.equal(sent[0]?.device, undefined);
  held.resolve(DEVICE, eventOf('init'));
  assert.deepEqual(types(), ['owned', 'init', 'ownerless']);
  assert.deepEqual(sent[1]?.device, DEVICE);
});

test('without a device an event waits until an identity adopts it', () => {
  const { sent, held, types } = holding();
  held.resolve(null);
  held.add(eventOf('early'));
  assert.deepEqual(types(), []);
  held.adopt('u1');
  assert.deepEqual(sent[0]?.identity, { id: 'u1' });
});
