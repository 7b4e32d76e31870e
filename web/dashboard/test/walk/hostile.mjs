// Words of attackers, wherever people are shown: nothing runs, nothing breaks the layout.
import assert from 'node:assert/strict';
import { NARROW, profile, settled, signIn, TABS, WIDE } from '../browser.mjs';
import { until } from '../server.mjs';
import { HOSTILE, MARKUP } from '../world.mjs';

/** What names of rules and channels have room for. */
const SHORT = MARKUP.slice(0, 50);

/** Rules, channels, notes, labels and keys with such names, and an escalation about such people. */
async function spread(server) {
  await server.call('POST', '/badge-rules', {
    name: SHORT,
    type: 'BAD',
    conditions: [{ type: 'SCORE_LT', category: 'ANY', threshold: 60 }],
  });
  const rule = await server.call('POST', '/escalation-rules', {
    name: MARKUP,
    severity: 'CRITICAL',
    conditions: [{ type: 'SCORE_LT', category: 'ANY', threshold: 60 }],
  });
  await server.call('POST', '/channels', {
    name: SHORT,
    type: 'WEBHOOK',
    url: 'https://receiver.invalid/hook',
    events: ['IDENTITY_SCORED'],
  });
  const open = await until('escalated', async () => {
    const found = await server.call('GET', `/escalations?rule=${rule.id}&pageSize=100`);
    return found.content.find((one) => one.identity.id === 'hostile-markup');
  });
  const note = `${MARKUP} ${'N'.repeat(3_000)}`;
  await server.call('POST', `/escalations/${open.id}/notes`, { body: note });
  for (const id of ['hostile-markup', 'hostile-bidi', 'hostile-long'])
    await server.call('PUT', `/identities/${id}/label`, { kind: 'OTHER', note: MARKUP });
  const { secretKey } = await server.call('POST', '/credentials', { name: MARKUP });
  const answer = await fetch(`${server.api}/api/identities/hostile-markup`, {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${secretKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ attributes: { [MARKUP]: MARKUP } }),
  });
  assert.equal(answer.status, 200);
  return open;
}

async function places(server) {
  const escalation = await spread(server);
  const { content } = await server.call('GET', '/rings?minSize=3&pageSize=100');
  const theirs = [];
  for (const ring of content) {
    const { members } = await server.call('GET', `/rings/${ring.id}`);
    if (members.some(({ id }) => id === 'hostile-markup')) theirs.push(ring.id);
  }
  assert(theirs.length > 0, 'they are a ring');
  const [device] = (await server.call('GET', '/devices?identity=hostile-markup')).content;
  const events = await server.call('GET', '/events?identity=hostile-markup');
  const event = events.content.find((one) => one.eventName === MARKUP);
  return [
    '/',
    '/identities?term=hostile',
    '/identities?sort=displayName&order=ASC',
    ...HOSTILE.flatMap(({ id }) =>
      (id === 'hostile-markup' ? TABS : ['why', 'events', 'data']).map(
        (tab) => `/identities/${encodeURIComponent(id)}?tab=${tab}`,
      ),
    ),
    '/rings',
    ...theirs.map((id) => `/rings/${id}`),
    '/devices',
    `/devices/${device.fingerprint}`,
    '/events',
    `/events/${encodeURIComponent(event.id)}`,
    '/escalations',
    `/escalations/${escalation.id}`,
    '/reports/calibration',
    '/settings/badge-rules',
    '/settings/escalation-rules',
    `/settings/escalation-rules/${escalation.escalationRule.id}`,
    '/settings/channels',
    '/settings/mappings',
    '/settings/credentials',
    '/settings/audit-log',
    '/settings/system',
  ];
}

/** What ran, what came alive, what broke out. */
const harm = (page) =>
  page.evaluate(() => {
    const found = [];
    if ('pwned' in window) found.push('something ran');
    if (document.querySelector('main img, main script, main iframe'))
      found.push('markup came alive');
    if (document.querySelector('a[href^="javascript:" i], a[href^="data:" i]'))
      found.push('an address became a link');
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`${wide} px too wide`);
    if (document.querySelector('main').textContent.match(/[\u202a-\u202e\u2066-\u2069]/))
      found.push('text can be reordered');
    return found;
  });

/** Each kind of page with the worst of them; every one of them on the narrow screen, which breaks first. */
const once = (path) => !path.startsWith('/identities/') || path.includes('hostile-markup');

export function hostile(step) {
  step('hostile words are shown everywhere and do nothing', async ({ browser, server }) => {
    const paths = await places(server);
    const found = [];
    for (const viewport of [WIDE, NARROW]) {
      const { context, page, complaints } = await profile(browser, { viewport });
      await signIn(page, server.origin, server.keys);
      for (const path of viewport === NARROW ? paths : paths.filter(once)) {
        await page.goto(server.origin + path);
        await settled(page);
        if (await page.getByText('There is nothing here').count())
          found.push(`${path} is not found`);
        for (const line of await harm(page)) found.push(`${path} at ${viewport.width}: ${line}`);
      }
      await page.goto(`${server.origin}/identities/hostile-bidi`);
      await page.getByRole('heading', { name: '‹U+202E›' }).waitFor();
      found.push(...complaints);
      await context.close();
    }
    assert.deepEqual(found, []);
    await server.call('DELETE', `/channels/${(await slugOf(server)) ?? ''}`);
  });
}

async function slugOf(server) {
  const channels = await server.call('GET', '/channels');
  return channels.find(({ name }) => name === SHORT)?.slug;
}
