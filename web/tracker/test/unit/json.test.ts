import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, plainObject, toJson } from '../../src/hash/json';

test('keys are sorted at every depth', () => {
  assert.equal(
    canonicalJson({ b: [{ d: 1, c: null }], a: 'x' }),
    '{"a":"x","b":[{"c":null,"d":1}]}',
  );
});

test('half a surrogate pair becomes the replacement character', () => {
  assert.equal(toJson({ a: '\ud83d' }), '{"a":"\\ufffd"}');
  assert.equal(toJson({ a: '😀' }), '{"a":"😀"}');
  assert.equal(JSON.parse(toJson('\\ud83d')), '\\ud83d');
  assert.equal(JSON.parse(toJson('\\\ud83d')), '\\\ufffd');
});

test('what cannot be sent becomes an empty object', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  assert.deepEqual(plainObject(cyclic), {});
  assert.deepEqual(plainObject({ big: BigInt(1) }), {});
  assert.deepEqual(plainObject([1]), {});
  assert.deepEqual(plainObject(undefined), {});
  assert.deepEqual(plainObject({ a: 1, f: () => 1 }), { a: 1 });
});
