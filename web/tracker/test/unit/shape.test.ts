import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newStats } from '../../src/autotrack/stats';
import { decimal, integer, texts } from '../../src/signals/shape';

test('fractions travel as texts of at most four decimals', () => {
  const printed = [1, 1.25, 124.04347527516074, 0.5, 2.0000001, -0.00001, 100].map(decimal);
  assert.deepEqual(printed, ['1', '1.25', '124.0435', '0.5', '2', '0', '100']);
  assert.equal(decimal(Number.NaN), null);
});

test('whole numbers are never minus zero', () => {
  assert.ok(Object.is(integer(-0), 0));
  assert.equal(integer('8'), null);
});

test('lists are bounded', () => {
  assert.equal(texts(Array(500).fill('x'.repeat(500))).length, 64);
  assert.equal(texts(['x'.repeat(500)])[0]?.length, 128);
});

test('statistics of a stream', () => {
  const stats = newStats();
  assert.equal(stats.summary(), null);
  for (const value of [2, 4, 4, 4, 5, 5, 7, 9]) stats.add(value);
  assert.deepEqual(stats.summary(), { n: 8, min: 2, max: 9, mean: 5, sd: 2 });
});
