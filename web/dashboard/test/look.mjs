// Pictures of every page, wide and narrow, light and dark, for people to look at.
//
//   node test/look.mjs ORIGIN EMAIL PASSWORD FOLDER [only]
import { mkdirSync } from 'node:fs';
import { axe, launch, NARROW, profile, settled, signIn, TABS, WIDE } from './browser.mjs';

const [origin, email, password, folder, only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

async function get(page, path) {
  return page.evaluate(async (path) => {
    const token = sessionStorage.getItem('dregs.session');
    return (await fetch(`/api${path}`, { headers: { Authorization: `Bearer ${token}` } })).text();
  }, path);
}

const first = (text, name) => text.match(new RegExp(`"${name}": ?"?([^",}]+)`))?.[1];

async function paths(page) {
  const ring = first(await get(page, '/rings?pageSize=1'), 'id');
  const members = ring ? await get(page, `/rings/${ring}`) : '';
  const who =
    members.match(/"members":\[\{"id":"([^"]+)/)?.[1] ??
    first(await get(page, '/identities?pageSize=1'), 'id');
  const device = first(await get(page, '/devices?pageSize=1'), 'fingerprint');
  const event = first(await get(page, '/events?pageSize=1'), 'id');
  const escalation = first(await get(page, '/escalations?pageSize=1'), 'id');
  const found = {
    home: '/',
    identities: '/identities',
    filtered: '/identities?maxHumanity=40&sort=humanityScore&order=ASC',
  };
  if (who) {
    found.identity = `/identities/${who}`;
    for (const tab of TABS.slice(1)) found[`identity-${tab}`] = `/identities/${who}?tab=${tab}`;
  }
  Object.assign(found, {
    rings: '/rings',
    devices: '/devices',
    events: '/events',
    escalations: '/escalations',
  });
  if (ring) found.ring = `/rings/${ring}`;
  if (device) found.device = `/devices/${device}`;
  if (event) found.event = `/events/${event}`;
  if (escalation) found.escalation = `/escalations/${escalation}`;
  const rule = first(await get(page, '/escalation-rules'), 'id');
  if (rule) found.comparison = `/settings/escalation-rules/${rule}`;
  Object.assign(found, {
    calibration: '/reports/calibration',
    settings: '/settings',
    badges: '/settings/badge-rules',
    rules: '/settings/escalation-rules',
    channels: '/settings/channels',
    mappings: '/settings/mappings',
    account: '/settings/account',
    credentials: '/settings/credentials',
    team: '/settings/team',
    agents: '/settings/agents',
    audit: '/settings/audit-log',
    datasets: '/settings/datasets',
    entries: '/settings/datasets/networks',
    retention: '/settings/retention',
    system: '/settings/system',
    invitation: '/invitation#inv_unknown',
    reset: '/reset-password#unknown',
    nowhere: '/no/such',
  });
  return found;
}

const browser = await launch();
for (const [size, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
  for (const colorScheme of ['light', 'dark']) {
    const { context, page, complaints } = await profile(browser, {
      viewport,
      colorScheme,
      reducedMotion: 'reduce',
    });
    await page.goto(origin);
    if (!only || only === 'login')
      await page.screenshot({ path: `${folder}/login-${size}-${colorScheme}.png` });
    await signIn(page, origin, { email, password });
    for (const [name, path] of Object.entries(await paths(page))) {
      if (only && !name.match(new RegExp(`^(${only})$`))) continue;
      await page.goto(origin + path);
      await settled(page).catch(() => console.error(`${name}: still loading`));
      await page.screenshot({
        path: `${folder}/${name}-${size}-${colorScheme}.png`,
        fullPage: name.startsWith('identity') || name === 'home' || name === 'ring',
      });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (wide) console.error(`${name} ${size}: scrolls sideways`);
      for (const line of await axe(page)) console.error(`${name} ${size} ${colorScheme}: ${line}`);
    }
    for (const line of complaints) console.error(`${size} ${colorScheme}: ${line}`);
    await context.close();
  }
}
await browser.close();
