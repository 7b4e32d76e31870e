import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSession } from '../../src/session';
import { textStore } from '../../src/storage';

const MINUTE_MS = 60_000;
const brokenStore = () =>
  textStore(() => {
    throw new Error('blocked');
  });

test('a session lasts while events come and ends after 30 minutes without one', () => {
  let now = 0;
  const session = openSession(brokenStore(), () => now);
  const first = session.touch();
  assert.match(first, /^[0-9a-f]{32}$/);
  now += 29 * MINUTE_MS;
  assert.equal(session.touch(), first);
  now += 29 * MINUTE_MS;
  assert.equal(session.touch(), first);
  now += 30 * MINUTE_MS;
  assert.notEqual(session.touch(), first);
});

test('the identity belongs to the session', () => {
  let now = 0;
  const session = openSession(brokenStore(), () => now);
  session.bind('u1');
  assert.equal(session.identity(), 'u1');
  now += 31 * MINUTE_MS;
  assert.equal(session.identity(), null);
});

test('after a sign-out comes another session, of nobody', () => {
  const session = openSession(brokenStore(), () => 0);
  session.bind('u1');
  const first = session.touch();
  session.end();
  assert.equal(session.identity(), null);
  assert.notEqual(session.touch(), first);
});

test('nonsense in the store starts a new session', () => {
  const store = brokenStore();
  for (const stored of ['{', '[]', '{"id":"x","activeAt":0}', '{"id":7}']) {
    store.write('dregs.session', stored);
    assert.match(openSession(store, () => 0).touch(), /^[0-9a-f]{32}$/);
  }
});
