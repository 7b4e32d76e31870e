import { describe, expect, test } from 'vitest';
import { exactNumbers } from '../src/api/exact';
import { refused } from '../src/api/fates';
import { type Observation, worstOf } from '../src/api/types';
import { bandOf } from '../src/lib/bands';
import { byEvent } from '../src/lib/basis';
import { asBefore } from '../src/lib/before';
import { csvCell, csvRow } from '../src/lib/csv';
import { parseEntries } from '../src/lib/entries';
import { narrowing, parseSearch, readFilters, stringifySearch, without } from '../src/lib/filters';
import { ago, axisNumbers, duration, percent, plural, signed } from '../src/lib/format';
import { guessTarget } from '../src/lib/guess';
import { moves, newcomers, renewed } from '../src/lib/held';
import { clip, safeUrl, visible } from '../src/lib/hostile';
import { bounds, scatter, tick } from '../src/lib/layout';
import { hintOf, readSent } from '../src/lib/sent';
import { snippet } from '../src/lib/snippet';
import { localPath, readReturn, readTrip } from '../src/lib/trip';
import { compare, reasons, steps } from '../src/lib/waterfall';

function observation(
  id: string,
  contribution: number,
  more: Partial<Observation> = {},
): Observation {
  const rest = { explanation: '', value: 0.5, confidence: 1, weight: 1, metadata: {} };
  return { category: 'HUMANITY', id, label: id, contribution, ...rest, ...more };
}

describe('numbers of the API', () => {
  test('ids of 63 bits keep every digit', () => {
    const parsed = JSON.parse(exactNumbers('{"id": 118155718976077829, "n": 12, "x": -1.5e3}'));
    expect(parsed).toEqual({ id: '118155718976077829', n: 12, x: -1500 });
  });

  test('digits within texts are left alone', () => {
    const text = '{"say": "call \\"118155718976077829\\" now", "a\\\\": [118155718976077829]}';
    const parsed = JSON.parse(exactNumbers(text));
    expect(parsed.say).toBe('call "118155718976077829" now');
    expect(parsed['a\\']).toEqual(['118155718976077829']);
  });
});

describe('bands', () => {
  test('every score is in the band that the manual names', () => {
    expect([0, 24, 25, 49, 50, 74, 75, 100].map(bandOf)).toEqual([
      ...['critical', 'critical', 'poor', 'poor'],
      ...['fair', 'fair', 'good', 'good'],
    ]);
  });

  test('the worst score is the lowest of those known', () => {
    const scores = { humanityScore: null, authenticityScore: 40, behaviorScore: 7 };
    expect(worstOf(scores)).toEqual({ category: 'BEHAVIOR', value: 7 });
    expect(worstOf({})).toBeNull();
  });
});

describe('words of strangers', () => {
  test('what is hidden or reorders becomes visible', () => {
    expect(visible('a\u202egnp.exe')).toBe('a‹U+202E›gnp.exe');
    expect(visible('a\u0000b\nc\u200bd\u{e0041}')).toBe('a␀b↵c‹U+200B›d‹U+E0041›');
    expect(visible('👩‍💻 می‌خواهم')).toBe('👩‍💻 می‌خواهم');
  });

  test('marks do not stack without end', () => {
    expect(visible(`a${'\u0301'.repeat(500)}`)).toBe(`a${'\u0301'.repeat(4)}`);
  });

  test('a cut is never through a character', () => {
    const { shown, cut } = clip('🦊'.repeat(100), 10);
    expect([shown, cut]).toEqual(['🦊'.repeat(10), true]);
    expect(clip('short', 10)).toEqual({ shown: 'short', cut: false });
  });

  test('only web addresses may be followed', () => {
    expect(safeUrl('https://a.example/x')).toBe('https://a.example/x');
    for (const bad of [
      'javascript:alert(1)',
      ' JaVaScRiPt:alert(1)',
      'data:text/html,x',
      '//x',
      '',
    ]) {
      expect(safeUrl(bad)).toBeNull();
    }
  });
});

describe('CSV', () => {
  test('a spreadsheet computes nothing', () => {
    for (const sign of ['=', '+', '-', '@', '\t', '\r']) {
      expect(csvCell(`${sign}HYPERLINK(1)`)).toMatch(/^"?'/);
    }
    expect(csvCell(-5)).toBe('-5');
  });

  test('separators, quotes and line ends stay within their cell', () => {
    expect(csvRow(['a,b', 'say "hi"', 'x\ny', null, true])).toBe(
      '"a,b","say ""hi""","x\ny",,true\r\n',
    );
    expect(csvCell('=1,"2"')).toBe('"\'=1,""2"""');
  });
});

describe('filters', () => {
  test('what the address bar has becomes filters, and back', () => {
    const search = '?term=a+%26+b&minHumanity=10&maxHumanity=40&sort=humanityScore&order=ASC';
    const filters = readFilters(parseSearch(search));
    expect(filters).toMatchObject({
      term: 'a & b',
      minHumanity: 10,
      maxHumanity: 40,
      order: 'ASC',
    });
    expect(readFilters(parseSearch(stringifySearch({ ...filters })))).toEqual(filters);
  });

  test('nonsense is left out', () => {
    const nonsense =
      '?minHumanity=-1&maxHumanity=9999&sort=drop&order=x&disregarded=maybe&other=1&term=';
    expect(readFilters(parseSearch(nonsense))).toEqual({});
    expect(readFilters(parseSearch('?minBehavior=777'))).toEqual({ minBehavior: 100 });
  });

  test('a range that leaves nothing out is none', () => {
    expect(without({ minHumanity: 0, maxHumanity: 100, term: '' })).toEqual({});
    expect(narrowing({ sort: 'id', order: 'ASC', term: 'x', disregarded: false })).toBe(2);
  });

  test('an empty search has no question mark', () => {
    expect(stringifySearch({ a: undefined, b: '' })).toBe('');
    expect(stringifySearch({ a: 'ä&=' })).toBe('?a=%C3%A4%26%3D');
  });
});

describe('waterfall', () => {
  const seen = [observation('a', -5), observation('b', 20), observation('c', -35)];

  test('it leads from 50 to the score, the strongest first', () => {
    const found = steps(seen);
    expect(found.map((step) => [step.observation.id, step.from, step.to])).toEqual([
      ['c', 50, 15],
      ['b', 15, 35],
      ['a', 35, 30],
    ]);
  });

  test('reasons are those on one side that can be seen', () => {
    expect(reasons([...seen, observation('d', -0.2)], -1, 5).map((one) => one.id)).toEqual([
      'c',
      'a',
    ]);
    expect(reasons(seen, 1, 5).map((one) => one.id)).toEqual(['b']);
  });

  test('a comparison names what came, went and changed', () => {
    const after = [observation('b', 19.8), observation('c', -10), observation('e', -7)];
    expect(compare(seen, after).map((one) => [one.id, one.change])).toEqual([
      ['c', 25],
      ['e', -7],
      ['a', 5],
    ]);
  });
});

describe('layout', () => {
  test('it settles, nobody lies on anybody, and the same every time', () => {
    const run = () => {
      const bodies = scatter(40);
      const springs = Array.from({ length: 39 }, (_, place) => ({
        a: 0,
        b: place + 1,
        strength: 0.9,
      }));
      let heat = 1;
      for (; heat > 0.02; heat *= 0.985) tick(bodies, springs, heat);
      return { bodies, speed: tick(bodies, springs, heat) };
    };
    const { bodies, speed } = run();
    expect(speed).toBeLessThan(2);
    for (const [i, a] of bodies.entries()) {
      for (const b of bodies.slice(i + 1))
        expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(26);
    }
    expect(run().bodies).toEqual(bodies);
    expect(bounds(bodies).width).toBeGreaterThan(100);
  });

  test('a tick of 500 identities leaves time for 30 frames a second', () => {
    const bodies = scatter(500);
    const springs = Array.from({ length: 4000 }, (_, place) => ({
      a: place % 500,
      b: (place * 7) % 500,
      strength: 0.8,
    }));
    tick(bodies, springs, 1);
    const start = performance.now();
    for (let count = 0; count < 30; count += 1) tick(bodies, springs, 1);
    expect((performance.now() - start) / 30).toBeLessThan(33);
  });

  test('nothing is nowhere', () => {
    expect(bounds([])).toEqual({ left: 0, top: 0, width: 1, height: 1 });
  });
});

describe('figures for people', () => {
  test('signs, shares and counts', () => {
    expect([signed(-3.26, 1), signed(2, 0), signed(-0.04, 1)]).toEqual(['−3.3', '+2', '0']);
    expect([percent(0.996), percent(0.5), percent(1)]).toEqual(['>99 %', '50 %', '100 %']);
    expect([plural(1, 'pair'), plural(1200, 'identity', 'identities')]).toEqual([
      '1 pair',
      '1,200 identities',
    ]);
  });

  test('times', () => {
    const now = Date.parse('2026-01-01T12:00:00Z');
    expect(ago('2026-01-01T11:59:58Z', now)).toBe('just now');
    expect(ago('2026-01-01T09:00:00Z', now)).toMatch(/^3 h/);
    expect(ago('nonsense', now)).toBe('');
    expect([duration(12), duration(1500), duration(90_000_000)]).toEqual([
      '12 ms',
      '1.5 s',
      '25 h',
    ]);
  });

  test('what was refused is told by reason, what is fine is not', () => {
    const fates = {
      applied: 9,
      duplicate: 1,
      parked: 1,
      invalid: 2,
      rate_limited: 5,
      overloaded: 0,
    };
    const report = { fates, waiting: 0, from: '', to: '', parked: [] };
    expect(refused(report)).toEqual([
      ['rate_limited', 5],
      ['invalid', 2],
    ]);
  });

  test('the snippet has the key and is the published one', () => {
    const text = snippet('https://d.example', 'pk_x');
    expect(text).toContain("dregs('init', { key: 'pk_x' });");
    expect(text).toContain('<script src="https://d.example/dregs.js" async></script>');
  });
});

test('the figures of an axis are in full, or all in short where one is large', () => {
  expect(axisNumbers([0, 2_500, 5_000])).toEqual(['0', '2,500', '5,000']);
  expect(axisNumbers([0, 5_000, 10_000])).toEqual(['0', '5K', '10K']);
  expect(axisNumbers([0, 500_000, 1_500_000])).toEqual(['0', '500K', '1.5M']);
});

test('a change is taken back in what it changed, and in nothing else', () => {
  const rule = { name: 'Old', enabled: true, budget: null };
  expect(asBefore(rule, { name: 'Other', budget: 0.1 })).toEqual({ name: 'Old', budget: null });
});

describe('names that mean nothing yet', () => {
  const known = [
    { source: 'order_completed', target: 'PURCHASE' },
    { source: 'login', target: 'LOGIN' },
    { source: 'coupon_applied', target: 'PROMO_REDEEM' },
  ];
  test('a guess shares at least half of its words', () => {
    expect(guessTarget('Order.Complete', known)).toBe('PURCHASE');
    expect(guessTarget('couponApply', known)).toBeUndefined();
    expect(guessTarget('user.coupon_applied', known)).toBe('PROMO_REDEEM');
    expect(guessTarget('search', known)).toBeUndefined();
    expect(guessTarget('', known)).toBeUndefined();
  });
});

describe('pasted entries', () => {
  const values = ['bot', 'app'];
  test('lines are keys, with value and note where they are given', () => {
    expect(parseEntries('a.example\n\n b , app , our own\r\nc\tbot\tx, y', values)).toEqual({
      entries: [
        { key: 'a.example' },
        { key: 'b', value: 'app', note: 'our own' },
        { key: 'c', value: 'bot', note: 'x, y' },
      ],
      wrong: [],
    });
  });
  test('a quoted key keeps its commas and quotes', () => {
    expect(parseEntries('"KHTML, ""like"" Gecko",app', values).entries).toEqual([
      { key: 'KHTML, "like" Gecko', value: 'app' },
    ]);
  });
  test('a value that the dataset does not know names its line', () => {
    expect(parseEntries('a\nb,boot', values)).toEqual({
      entries: [{ key: 'a' }],
      wrong: [{ line: 2, value: 'boot' }],
    });
  });
});

describe('a trip to the provider of single sign-on', () => {
  const here = 'https://dregs.example';

  test('leads on within the dashboard alone', () => {
    const paths = ['/', '/identities?term=a#b', '/identities/tenant%2F7', '/a/../b'];
    expect(paths.map((path) => localPath(path, here))).toEqual([
      ...['/', '/identities?term=a#b', '/identities/tenant%2F7', '/b'],
    ]);
    const elsewhere = [
      ...['//evil.example', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)'],
      ...['/\t/evil.example', '', 'identities', null, 7, {}],
    ];
    expect(elsewhere.map((path) => localPath(path, here))).toEqual(elsewhere.map(() => '/'));
  });

  test('what was kept of it may be anything', () => {
    const home = { path: '/', keep: false };
    for (const odd of [null, '', '{', '[]', '{"path": "//evil.example", "keep": "yes"}'])
      expect(readTrip(odd, here)).toEqual(home);
    const kept = { path: '/rings', keep: true, invitation: 'inv_x' };
    expect(readTrip(JSON.stringify(kept), here)).toEqual(kept);
  });

  test('what comes back is a code, or one of the words that are known', () => {
    expect(readReturn('?code=a%2Fb&state=c')).toEqual({ code: 'a/b', state: 'c' });
    expect(readReturn('?code=a&state=c&iss=d')).toEqual({ code: 'a', state: 'c', iss: 'd' });
    expect(readReturn('?error=access_denied&code=a&state=b')).toEqual({ error: 'access_denied' });
    expect(readReturn('?error=Call+this+number')).toEqual({ error: 'unknown' });
    expect(readReturn('?code=a')).toEqual({ error: 'missing' });
  });
});

describe('the stream of what changes', () => {
  test('events come in pieces, and comments are none', () => {
    const first = readSent(
      ': here\n\nevent: identity\nid: 7\ndata: {"ids":["a"],"many":false}\n\neve',
    );
    expect(first.found).toEqual([
      { name: 'identity', id: '7', data: '{"ids":["a"],"many":false}' },
    ]);
    const second = readSent(`${first.rest}nt: refresh\r\ndata: {}\r\n\r\n`);
    expect(second.found).toEqual([{ name: 'refresh', id: null, data: '{}' }]);
    expect(second.rest).toBe('');
  });

  test('a hint that cannot be read says that anything may have changed', () => {
    expect(hintOf('{"ids":["a"],"many":true}')).toEqual({ ids: ['a'], many: true });
    for (const odd of ['', 'null', '{"ids":7}', '<b>']) {
      expect(hintOf(odd)).toEqual({ ids: [], many: true });
    }
  });
});

describe('a list under somebody’s hand', () => {
  const rows = (...keys: string[]) => keys.map((key) => ({ key, seen: 1 }));
  const keyOf = (row: { key: string }) => row.key;

  test('rows that come first or go move the others, rows that come last do not', () => {
    const shown = new Map([[0, rows('a', 'b')]]);
    expect(moves(shown, new Map([[0, rows('a', 'b', 'c')]]), keyOf)).toBe(false);
    expect(moves(shown, new Map([[0, rows('n', 'a', 'b')]]), keyOf)).toBe(true);
    expect(moves(shown, new Map([[0, rows('b', 'a')]]), keyOf)).toBe(true);
    expect(moves(shown, new Map([[0, rows('a')]]), keyOf)).toBe(true);
    expect(moves(shown, new Map([[1, rows('x')]]), keyOf)).toBe(false);
  });

  test('rows that stay are renewed in their place, and what waits is counted', () => {
    const shown = new Map([[0, rows('a', 'b')]]);
    const came = new Map([
      [
        0,
        [
          { key: 'n', seen: 2 },
          { key: 'b', seen: 2 },
        ],
      ],
      [1, rows('z')],
    ]);
    const renewedRows = renewed(shown, came, keyOf);
    expect(renewedRows.get(0)).toEqual([
      { key: 'a', seen: 1 },
      { key: 'b', seen: 2 },
    ]);
    expect(renewedRows.get(1)).toEqual(rows('z'));
    expect(newcomers(shown, came, keyOf)).toBe(1);
    expect(newcomers(shown, new Map([[0, rows('b', 'a')]]), keyOf)).toBe(0);
  });
});

test('an event knows which observations rest on it, the loudest first', () => {
  const at = (id: string) => ({ id, timestamp: '', eventName: 'login' });
  const basis = (...ids: string[]) => ({
    from: '',
    to: '',
    count: ids.length,
    events: ids.map(at),
  });
  const found = byEvent([
    observation('a', 3, { basis: basis('1', '2') }),
    observation('b', -20, { basis: basis('2') }),
    observation('c', -50),
  ]);
  expect(found.get('2')?.map((seen) => seen.id)).toEqual(['b', 'a']);
  expect([...found.keys()].sort()).toEqual(['1', '2']);
});
