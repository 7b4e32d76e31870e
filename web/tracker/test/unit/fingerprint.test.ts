import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import vectors from '../../../../testdata/fingerprint-vectors.json';
import { fingerprintOf, stableSubset } from '../../src/fingerprint';
import { canonicalJson } from '../../src/hash/json';
import { sha256Hex } from '../../src/hash/sha256';
import type { JsonObject } from '../../src/types';

for (const { name, signals, canonical, fingerprint } of vectors) {
  test(`vector: ${name}`, () => {
    assert.equal(canonicalJson(stableSubset(signals as unknown as JsonObject)), canonical);
    assert.equal(fingerprintOf(signals as unknown as JsonObject), fingerprint);
  });
}

test('turning the screen keeps the fingerprint', () => {
  const upright = { screen: { width: 412, height: 915, depth: 24, pixelRatio: '2.625' } };
  const turned = { screen: { width: 915, height: 412, depth: 24, pixelRatio: '2.625' } };
  assert.equal(fingerprintOf(upright), fingerprintOf(turned));
});

test('what changes from visit to visit is left out', () => {
  const before = { userAgent: 'Chrome/1', viewport: { innerWidth: 5 }, platform: 'Linux' };
  assert.equal(fingerprintOf(before), fingerprintOf({ platform: 'Linux' }));
});

test('sha-256 agrees with the platform at every padding length', () => {
  for (let length = 0; length < 200; length++) {
    const text = 'é'.repeat(length % 7) + 'a'.repeat(length);
    assert.equal(sha256Hex(text), createHash('sha256').update(text, 'utf8').digest('hex'));
  }
});
