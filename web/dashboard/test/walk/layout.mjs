// Facts of the layout that can break: every page, full and empty, wide and narrow, light and dark.
import assert from 'node:assert/strict';
import { axe, misfits, NARROW, profile, settled, signIn, TABS } from '../browser.mjs';
import { start } from '../server.mjs';

const LISTS = [
  '/',
  '/identities',
  '/identities?maxHumanity=40',
  '/rings',
  '/devices',
  '/events',
  '/escalations',
  '/reports/calibration',
];
const SETTINGS = [
  '',
  '/account',
  '/credentials',
  '/badge-rules',
  '/escalation-rules',
  '/channels',
  '/mappings',
  '/team',
  '/agents',
  '/audit-log',
  '/datasets',
  '/datasets/networks',
  '/retention',
  '/system',
].map((path) => `/settings${path}`);

/** A page of each thing there is. */
async function things(server) {
  const ring = (await server.call('GET', '/rings')).content[0];
  const [device] = (await server.call('GET', '/devices')).content;
  const [event] = (await server.call('GET', '/events')).content;
  const [escalation] = (await server.call('GET', '/escalations')).content;
  const [rule] = await server.call('GET', '/escalation-rules');
  const who = encodeURIComponent((await server.call('GET', `/rings/${ring.id}`)).members[0].id);
  const guest = { email: 'guest@example.com', role: 'VIEWER' };
  const invited = await server.call('POST', '/team/invitations', guest);
  return [
    ...TABS.map((tab) => `/identities/${who}?tab=${tab}`),
    `/rings/${ring.id}`,
    `/devices/${device.fingerprint}`,
    `/events/${encodeURIComponent(event.id)}`,
    `/escalations/${escalation.id}`,
    `/settings/escalation-rules/${rule.id}`,
    `/invitation#${invited.token}`,
    '/reset-password#unknown',
    '/no/such/page',
  ];
}

async function looked(browser, server, paths) {
  const found = [];
  for (const [colorScheme, options] of [
    ['light', {}],
    ['dark', { viewport: NARROW }],
  ]) {
    const { context, page, complaints } = await profile(browser, {
      colorScheme,
      reducedMotion: 'reduce',
      ...options,
    });
    await page.goto(server.origin);
    await page.getByLabel('Password').waitFor();
    found.push(...(await axe(page)));
    await signIn(page, server.origin, server.keys);
    for (const path of paths) {
      await page.goto(server.origin + path);
      await settled(page);
      for (const line of [...(await axe(page)), ...(await misfits(page))])
        found.push(`${path} ${colorScheme}: ${line}`);
    }
    found.push(...complaints.map((line) => `${colorScheme}: ${line}`));
    await context.close();
  }
  return found;
}

export function layout(step) {
  step('every page fits and axe finds nothing serious', async ({ browser, server }) => {
    const paths = [...LISTS, ...(await things(server)), ...SETTINGS];
    assert.deepEqual(await looked(browser, server, paths), []);
  });

  step('so does every page with nothing to show', async ({ browser }) => {
    const empty = await start(process.env.DREGS_BIN);
    try {
      assert.deepEqual(await looked(browser, empty, [...LISTS, ...SETTINGS]), []);
    } finally {
      await empty.stop();
    }
  });
}
