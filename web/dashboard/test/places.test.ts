import { describe, expect, it } from 'vitest';
import type { Device } from '../src/api/types';
import { addressesOf, located } from '../src/lib/addresses';
import { agentOf } from '../src/lib/agent';
import { ago, together } from '../src/lib/format';
import { centreOf, landPath, place, WORLD } from '../src/lib/world';
import { above } from '../src/navigation';

const device = (ip: string, more: Partial<Device> = {}): Device => ({
  fingerprint: 'fp',
  disregarded: false,
  firstSeenAt: '2026-01-01T00:00:00Z',
  lastSeenAt: '2026-01-03T00:00:00Z',
  ip,
  ...more,
});

describe('addresses', () => {
  it('are counted with their first and last time, the latest first', () => {
    const events = [
      { ip: '1.1.1.1', timestamp: '2026-01-02T00:00:00Z' },
      { ip: '2.2.2.2', timestamp: '2026-01-05T00:00:00Z' },
      { ip: '1.1.1.1', timestamp: '2026-01-01T00:00:00Z' },
      { ip: null, timestamp: '2026-01-09T00:00:00Z' },
    ];
    expect(addressesOf(events, [])).toEqual([
      { ip: '2.2.2.2', events: 1, firstAt: events[1]?.timestamp, lastAt: events[1]?.timestamp },
      { ip: '1.1.1.1', events: 2, firstAt: events[2]?.timestamp, lastAt: events[0]?.timestamp },
    ]);
  });

  it('have the place of a device that was seen there, and of no other', () => {
    const known = device('1.1.1.1', { countryCode: 'IT', country: 'Italy' });
    const [address] = addressesOf([], [known]);
    expect(address).toMatchObject({ events: 0, countryCode: 'IT', country: 'Italy' });
    const other = { ip: '11.1.1.1', events: 1, firstAt: '', lastAt: '' };
    expect(located(other, [known]).countryCode).toBeUndefined();
  });
});

describe('the map', () => {
  it('has land, and a point on it for countries of every continent', () => {
    const dots = landPath().match(/M/g)?.length ?? 0;
    expect(dots).toBeGreaterThan(1_000);
    for (const code of ['AT', 'BR', 'CN', 'NG', 'US', 'AU', 'NZ']) {
      const [x, y] = place(centreOf(code) ?? [0, 0]);
      expect(x > 0 && x < WORLD.east - WORLD.west).toBe(true);
      expect(y > 0 && y < WORLD.north - WORLD.south).toBe(true);
    }
    expect(centreOf('??')).toBeUndefined();
  });
});

describe('a user agent in a few words', () => {
  it('names what it claims to be, or nothing', () => {
    const gecko =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0';
    const edge =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0';
    const phone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1';
    const robot =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/144.0.0.0 Safari/537.36';
    expect(agentOf(gecko)).toBe('Firefox 146, Windows');
    expect(agentOf(edge)).toBe('Edge 143, Windows');
    expect(agentOf(phone)).toBe('Safari 26, iPhone');
    expect(agentOf(robot)).toBe('Headless Chrome 144, Linux');
    expect(agentOf('curl/8.5.0')).toBe('curl 8');
    expect(agentOf('<img src=x>')).toBeNull();
  });
});

describe('words', () => {
  it('keep a number with its unit', () => {
    expect(together('is 100 %, in 3 ms or 5 hours')).toBe('is 100\u00a0%, in 3\u00a0ms or 5 hours');
  });

  it('round up to the next unit', () => {
    expect(ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:59.700Z'))).toBe('1 min. ago');
  });
});

describe('above a page', () => {
  it('are the places that lead to it', () => {
    const names = (path: string) => above(path).map(({ label }) => label);
    expect(names('/')).toEqual([]);
    expect(names('/identities')).toEqual([]);
    expect(names('/identities/a')).toEqual(['Identities']);
    expect(names('/settings/datasets/networks')).toEqual(['Settings', 'Datasets']);
  });
});
