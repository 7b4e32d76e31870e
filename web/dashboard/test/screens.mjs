// Pictures of the screens that matter, kept in docs/screens: from a seeded world, or from a server that runs.
//
//   DREGS_BIN=target/debug/dregs npm run screens -w dashboard
//   DREGS_DIST=1 …    with the pages of dist/, for a binary that was built without them
//   DREGS_IDENTITIES=100000 DREGS_BIN=… …              of very many, "100k" in their names; takes half an hour
//   node test/screens.mjs ORIGIN EMAIL PASSWORD 100k   the same of a server that runs
//
// The world is the same each time, and so are the pictures but for moments. Names are of many scripts: without fonts for
// them (fonts-noto-cjk, for example) there are boxes in their place.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hasChromium, launch, NARROW, profile, settled, signIn, WIDE } from './browser.mjs';
import { running, start } from './server.mjs';

const IDENTITIES = 400;
const DAYS = 14;
/** Small enough to be kept with the code. */
const FILE_BYTES_MAX = 100 * 1024;
const QUALITY = 78;
const folder = fileURLToPath(new URL('../../../docs/screens/', import.meta.url));

const SIZES = { wide: WIDE, narrow: NARROW };

/** Which is shown how: `[name, size, theme, where]`. */
const EMPTY = [
  ['sign-in', 'narrow', 'dark', null],
  ['home-empty', 'wide', 'light', '/'],
  ['identities-empty', 'narrow', 'dark', '/identities'],
];
const full = ({ ring, who, traveller }) => [
  ['home', 'wide', 'light', '/'],
  ['home', 'wide', 'dark', '/'],
  ['home', 'narrow', 'light', '/'],
  ['identities', 'wide', 'light', '/identities?sort=uniquenessScore&order=ASC'],
  ['identities', 'narrow', 'dark', '/identities?sort=uniquenessScore&order=ASC'],
  ['identity', 'wide', 'light', `/identities/${who}`],
  ['identity', 'narrow', 'dark', `/identities/${who}`],
  ['graph', 'wide', 'dark', `/identities/${who}?tab=related`],
  ['addresses', 'wide', 'light', `/identities/${traveller}?tab=addresses`],
  ['ring', 'wide', 'light', `/rings/${ring}`],
  ['rings', 'narrow', 'light', '/rings'],
  ['escalations', 'wide', 'dark', '/escalations'],
  ['escalations', 'narrow', 'light', '/escalations'],
  ['rules', 'wide', 'light', '/settings/escalation-rules'],
];

/** Of a server with very many: what has to say how many there are, and what is drawn of them. */
const large = ({ ring, who }) => [
  ['home', 'wide', 'light', '/'],
  ['home', 'narrow', 'dark', '/'],
  ['identities', 'wide', 'dark', '/identities?sort=uniquenessScore&order=ASC'],
  ['identities', 'narrow', 'light', '/identities?maxHumanity=40&sort=humanityScore&order=ASC'],
  ['events', 'wide', 'light', '/events'],
  ['events', 'narrow', 'dark', '/events'],
  ['escalations', 'wide', 'light', '/escalations'],
  ['ring', 'wide', 'dark', `/rings/${ring}`],
  ['rings', 'narrow', 'light', '/rings?sort=size&order=DESC'],
  ['graph', 'wide', 'light', `/identities/${who}?tab=related`],
  ['calibration', 'wide', 'dark', '/reports/calibration'],
];

/** What analysts would have found those to be who are known to do it. */
const VERDICTS = {
  account_takeover: 'ACCOUNT_TAKEOVER',
  bot_signup: 'BOT',
  card_testing: 'PAYMENT_FRAUD',
  credential_stuffing: 'BOT',
  fake_data: 'FAKE_DATA',
  many_accounts: 'MULTI_ACCOUNT',
  promo_abuse: 'PROMO_ABUSE',
  referral_ring: 'REFERRAL_FRAUD',
  registration_bombing: 'BOT',
  scraper: 'SCRAPING',
  trial_farm_device: 'MULTI_ACCOUNT',
  trial_farm_ip: 'MULTI_ACCOUNT',
};
/** Of either side. */
const JUDGED = 450;
const LARGE_DAYS = 10;
const LARGE_ABUSE = 0.08;
/** Many at once are scored this fast at the least. */
const MS_EACH = 30;

async function fillLarge(server, identities) {
  await addRule(server);
  const classes = [...(await server.replay(identities, LARGE_DAYS, LARGE_ABUSE))];
  await server.processed(identities * MS_EACH);
  await judge(
    server,
    classes.filter(([, one]) => one),
  );
  await judge(
    server,
    classes.filter(([, one]) => !one),
  );
}

/** Gives verdicts on some of them, evenly. */
async function judge(server, classes) {
  const step = Math.max(1, Math.floor(classes.length / JUDGED));
  for (const [id, name] of classes.filter((_, place) => place % step === 0).slice(0, JUDGED)) {
    const kind = name ? (VERDICTS[name.split('|')[0]] ?? 'OTHER') : 'LEGITIMATE';
    await server.call('PUT', `/identities/${encodeURIComponent(id)}/label`, { kind });
  }
}

async function fill(server) {
  await addRule(server);
  await server.replay(IDENTITIES, DAYS);
  await server.processed();
}

async function addRule(server) {
  await server.call('POST', '/escalation-rules', {
    name: 'Very suspicious, at once',
    severity: 'CRITICAL',
    conditions: [{ type: 'SCORE_LT', category: 'ANY', threshold: 10 }],
  });
}

/** The largest ring, and who came first of it. */
async function largest(server) {
  const ring = (await server.call('GET', '/rings?sort=size&order=DESC')).content[0];
  const { members } = await server.call('GET', `/rings/${ring.id}`);
  return { ring: ring.id, who: encodeURIComponent(members[0].id) };
}

/** Somebody whose devices were seen in the most countries. */
async function traveller(server) {
  const { content } = await server.call(
    'GET',
    '/identities?sort=uniquenessScore&order=DESC&pageSize=60',
  );
  let best = { id: content[0].id, countries: 0 };
  for (const { id } of content) {
    const devices = await server.call('GET', `/devices?identity=${encodeURIComponent(id)}`);
    const countries = new Set(devices.content.map((one) => one.countryCode)).size;
    if (countries > best.countries) best = { id, countries };
  }
  return encodeURIComponent(best.id);
}

async function take(browser, server, [name, size, colorScheme, path], many) {
  const { context, page } = await profile(browser, {
    viewport: SIZES[size],
    colorScheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  if (path === null) {
    await page.goto(server.origin);
    await page.getByLabel('Password').waitFor();
  } else {
    await signIn(page, server.origin, server.keys, path);
    await page.mouse.move(0, 0);
    await settled(page);
    if (path.includes('tab=')) await page.getByRole('tablist').scrollIntoViewIfNeeded();
    if (name === 'graph' || name === 'addresses')
      await page.evaluate(() =>
        document.querySelector('[role=tablist]').scrollIntoView({ block: 'start' }),
      );
    if (name === 'escalations' && size === 'wide') await page.keyboard.press('j');
    await settled(page);
  }
  const devtools = await context.newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', {
    format: 'webp',
    quality: QUALITY,
  });
  const parts = [name, many, size, colorScheme].filter(Boolean);
  const file = `${folder}${parts.join('-')}.webp`;
  writeFileSync(file, Buffer.from(data, 'base64'));
  const bytes = statSync(file).size;
  console.info(`${file.slice(folder.length)} ${(bytes / 1024).toFixed(0)} KB`);
  if (bytes > FILE_BYTES_MAX) throw new Error(`${file} is larger than ${FILE_BYTES_MAX} bytes`);
  await context.close();
}

const [origin, email, password, name] = process.argv.slice(2);
const binary = process.env.DREGS_BIN;
const identities = Number(process.env.DREGS_IDENTITIES ?? 0);
if (!hasChromium() || !(origin ? name : binary)) {
  console.error('set DREGS_BIN to the server, or name one that runs; Chromium is needed');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const browser = await launch();
const server = origin ? await running(origin, { email, password }) : await start(binary);
const many = origin ? name : identities && `${identities / 1000}k`;
const takeAll = async (shots) => {
  for (const shot of shots) await take(browser, server, shot, many);
};
try {
  if (many) {
    if (!origin) await fillLarge(server, identities);
    await takeAll(large(await largest(server)));
  } else {
    await takeAll(EMPTY);
    await fill(server);
    await takeAll(full({ ...(await largest(server)), traveller: await traveller(server) }));
  }
} finally {
  await browser.close();
  await server.stop?.();
}
