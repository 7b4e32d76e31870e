import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanUrl } from '../../src/url';

const cases: [string, string, string][] = [
  ['plain', 'https://a.test/b?page=2', 'https://a.test/b?page=2'],
  ['secret by name', 'https://a.test/?token=abc&page=2', 'https://a.test/?token=-&page=2'],
  ['e-mail address', 'https://a.test/?u=ada%40a.test', 'https://a.test/?u=-'],
  ['bare secret', `https://a.test/?${'x'.repeat(80)}`, 'https://a.test/?-'],
  ['credentials', 'https://ada:pw@a.test/', 'https://a.test/'],
  ['token in fragment', 'https://a.test/#access_token=abc', 'https://a.test/'],
  ['route in fragment', 'https://a.test/#/orders/7?x=1', 'https://a.test/#/orders/7'],
  ['not an address', 'nonsense', ''],
];

for (const [name, address, expected] of cases) {
  test(name, () => assert.equal(cleanUrl(address), expected));
}
