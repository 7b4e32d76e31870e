// The dashboard in Chromium against a real server: what an analyst does in a day, with hostile data among the rest.
//
//   DREGS_BIN=target/debug/dregs node web/dashboard/test/walk.mjs
//   DREGS_DIST=1 DREGS_BIN=… node …    with the pages of dist/, for a binary that was built without them
//   DREGS_STEPS='hostile|links' …      only the steps whose names match
//
// Without Chromium it does nothing; in CI that is a failure.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  axe,
  CHROMIUM,
  hasChromium,
  launch,
  NARROW,
  profile,
  settled,
  signIn,
} from './browser.mjs';
import { hostile } from './hostile.mjs';
import { layout } from './layout.mjs';
import { links } from './links.mjs';
import { newcomer } from './newcomer.mjs';
import { roles } from './roles.mjs';
import { start, until } from './server.mjs';
import { MARKUP } from './world.mjs';

const binary = process.env.DREGS_BIN;
if (!binary) {
  console.error('set DREGS_BIN to the server');
  process.exit(2);
}
if (!hasChromium()) {
  console.info(`the dashboard was not walked: no Chromium at ${CHROMIUM} (set CHROMIUM)`);
  process.exit(process.env.CI ? 1 : 0);
}

const SEEN_MS = 20_000;

const steps = [];
const step = (name, act) => steps.push({ name, act });

step('a wrong password is told, the right one leads in', async ({ page, server }) => {
  await page.goto(server.origin);
  await page.getByLabel('E-mail').fill(server.keys.email);
  await page.getByLabel('Password').fill('wrong password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('E-mail or password is wrong.').waitFor();
  await page.getByLabel('Password').fill(server.keys.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Welcome to Dregs' }).waitFor();
});

newcomer(step);

step('home shows figures: a bar leads to whoever is in it', async ({ page, server }) => {
  await page.goto(server.origin);
  await settled(page);
  await page.getByText('in the 24 h before').first().waitFor();
  await page.getByRole('button', { name: '24 hours' }).click();
  await page.waitForURL(/period=24h/);
  await page.locator('.uplot').waitFor();
  await page.getByRole('button', { name: 'People' }).click();
  await page.waitForURL(/show=people/);
  await page.getByText('As a table').click();
  await page.getByRole('columnheader', { name: 'Active' }).waitFor();
  const chart = page.getByRole('region', { name: 'Humanity, in steps of five points' });
  await chart.getByRole('link').first().focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.waitForURL(/identities\?minHumanity=95/);
  const within = await server.call('GET', '/identities?minHumanity=95&pageSize=1');
  await page.getByText(`${within.totalElements} identit`).first().waitFor();
});

step('an abuser is found from home, and why is told', async ({ page, server }) => {
  await until(
    'a ring',
    async () => (await server.call('GET', '/rings?minSize=3')).totalElements > 0,
  );
  await page.goto(server.origin);
  await page.getByRole('button', { name: 'Uniqueness' }).click();
  await settled(page);
  const panel = page.locator('section', {
    has: page.getByRole('heading', { name: 'Lowest scores' }),
  });
  await panel.getByRole('link').first().click();
  await page.getByText('Very suspicious:').waitFor();
  await settled(page);
  assert(
    await page
      .getByText(/other accounts? (are|is) probably of the same person/)
      .first()
      .isVisible(),
  );
  await page.getByText('Details').first().click();
  await page.getByText('0 suspicious, 1 legitimate').first().waitFor();
  await page.getByRole('button', { name: /^Uniqueness/ }).click();
  await page.waitForURL(/category=UNIQUENESS/);
});

step('the ring is seen, as a picture and as a list', async ({ page, server }) => {
  const ring = (await server.call('GET', '/rings?sort=size&order=DESC')).content[0];
  await page.goto(`${server.origin}/rings`);
  await page
    .getByRole('link', { name: `Ring of ${ring.size} accounts` })
    .first()
    .click();
  await page.locator('canvas').waitFor();
  await settled(page);
  await page.getByRole('heading', { name: 'What holds it together' }).waitFor();
});

step('two people are parted: consequences first, then undone', async ({ page, server }) => {
  const ring = (await server.call('GET', '/rings?sort=size&order=DESC')).content[0];
  const { members } = await server.call('GET', `/rings/${ring.id}`);
  const id = encodeURIComponent(members[0].id);
  await page.goto(`${server.origin}/identities/${id}?tab=related`);
  await settled(page);
  const list = page.locator('section', {
    has: page.getByRole('heading', { name: 'Related identities' }),
  });
  await list.getByRole('button', { name: 'Evidence' }).first().click();
  await page.getByText('Any two accounts, to begin with').waitFor();
  const part = list.getByRole('button', { name: 'Not the same person' }).first();
  await part.click();
  const dialog = page.getByRole('dialog');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert(
    await part.evaluate((button) => button === document.activeElement),
    'a dialog gives the focus back',
  );
  await page.keyboard.press('Enter');
  await dialog.getByText('Links between them').waitFor();
  assert.equal(
    (await server.call('GET', `/link-decisions?identity=${id}`)).totalElements,
    0,
    'a look changes nothing',
  );
  await dialog.getByLabel('Why (optional)').fill('brothers');
  await dialog.getByRole('button', { name: 'Not the same person' }).click();
  await page.getByText('Decided: not the same person.').waitFor();
  await page.getByRole('heading', { name: 'Decided', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await until(
    'taken back',
    async () => (await server.call('GET', `/link-decisions?identity=${id}`)).totalElements === 0,
  );
  await page.getByRole('heading', { name: 'Decided', exact: true }).waitFor({ state: 'detached' });
});

step('the history is drawn, and two analyses compared', async ({ page, server }) => {
  const [who] = (await server.call('GET', '/identities?sort=uniquenessScore&order=ASC')).content;
  await page.goto(`${server.origin}/identities/${encodeURIComponent(who.id)}?tab=history`);
  await page.locator('.uplot').waitFor();
  await page.getByRole('heading', { name: 'Compare two analyses' }).waitFor();
});

step('escalations are worked with the keyboard alone', async ({ page, server }) => {
  await until(
    'an escalation',
    async () => (await server.call('GET', '/escalations/summary')).open > 1,
  );
  await page.locator('body').press('g');
  await page.keyboard.press('a');
  await page.getByRole('heading', { name: 'Escalations', exact: true }).waitFor();
  await settled(page);
  await page.keyboard.press('j');
  await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'row');
  await page.keyboard.press('n');
  await page.keyboard.type('looks automated');
  await page.keyboard.press('Control+Enter');
  await page.locator('li', { hasText: 'looks automated' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  await page.getByText('Acknowledged.').waitFor();
  const counts = () => server.call('GET', '/escalations/summary');
  assert.equal((await counts()).acknowledged, 1);
  await page.keyboard.press('c');
  await page.getByText('Closed.').waitFor();
  await until('closed', async () => (await counts()).closed === 1);
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await until('reopened', async () => (await counts()).closed === 0);
});

step(
  'an identity is labelled with the keyboard, and the label taken back',
  async ({ page, server }) => {
    const [who] = (await server.call('GET', '/identities?sort=humanityScore&order=ASC')).content;
    const id = encodeURIComponent(who.id);
    const label = async () => (await server.call('GET', `/identities/${id}/label`)).label;
    await page.goto(`${server.origin}/identities/${id}?tab=label`);
    await settled(page);
    await page.getByText('No verdict yet').waitFor();
    await page.locator('body').press('l');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await page.keyboard.press('ArrowDown');
    await dialog.getByLabel('Note (optional)').fill(MARKUP);
    await page.keyboard.press('Control+Enter');
    await page.getByText('Verdict: bot.').waitFor();
    assert.equal((await label()).kind, 'BOT');
    await page.getByRole('heading', { level: 1 }).getByText('Verdict: bot').waitFor();
    await page.locator('body').press('l');
    await dialog.getByRole('radio', { name: 'Legitimate' }).check();
    await dialog.getByRole('button', { name: 'Set the verdict' }).click();
    await page.getByText('Verdict: legitimate.').waitFor();
    await page.getByText('ended').waitFor();
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await until('the label before', async () => (await label()).kind === 'BOT');
    await page.goto(`${server.origin}/identities?sort=humanityScore&order=ASC`);
    await settled(page);
    await page.getByRole('gridcell').getByText('Verdict: bot').first().waitFor();
    await page.goto(`${server.origin}/identities/${id}`);
    await settled(page);
    await page.locator('body').press('l');
    await dialog.getByRole('button', { name: 'Remove the verdict' }).click();
    await page.getByText('The verdict is removed.').waitFor();
    assert.equal(await label(), null);
  },
);

step('an escalation is labelled without leaving the queue', async ({ page, server }) => {
  await page.goto(`${server.origin}/escalations`);
  await settled(page);
  await page.keyboard.press('j');
  await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'row');
  await page.locator('[data-label]').waitFor();
  await page.keyboard.press('l');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: 'False identity' }).check();
  await page.keyboard.press('Enter');
  await page.getByText('Verdict: false identity.').waitFor();
  const [label] = (await server.call('GET', '/labels')).content;
  assert.equal(label.kind, 'FAKE_DATA');
  assert(label.escalationId, 'the label remembers the escalation');
});

step(
  'the cursor and its escalation stay when another is to come before it',
  async ({ page, server }) => {
    await page.goto(`${server.origin}/escalations?status=OPEN`);
    await settled(page);
    await page.keyboard.press('j');
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '2');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    const before = await focused();
    await server.call('POST', '/escalation-rules', {
      name: 'Later, and first',
      severity: 'CRITICAL',
      conditions: [{ type: 'SCORE_LT', category: 'HUMANITY', threshold: 25 }],
    });
    const show = page.getByRole('button', { name: /: show$/ });
    await show.waitFor();
    assert.equal(await focused(), before, 'the row under the hand has not moved');
    assert.equal(await page.getByRole('link', { name: 'Later, and first' }).count(), 0);
    await show.click();
    await page.getByRole('link', { name: 'Later, and first' }).first().waitFor();
    await until('the cursor is on the first', async () => {
      const now = await focused();
      return now !== before && now?.includes('Later, and first');
    });
  },
);

step('pages follow what happens, and hold still under the hand', async ({ page, server }) => {
  await page.goto(`${server.origin}/identities`);
  await settled(page);
  await page.getByRole('complementary').getByText('Live', { exact: true }).waitFor();
  const seen = (id) => server.call('POST', '/events', { type: 'login', identity: { id } });
  await page.mouse.move(5, 5);
  await page.evaluate(() => document.activeElement?.blur());
  await seen('live-first');
  await page.getByRole('row', { name: 'live-first' }).waitFor();
  const row = page.getByRole('row', { name: 'live-first' });
  const place = await row.getAttribute('aria-rowindex');
  await row.hover();
  await seen('live-second');
  const show = page.getByRole('button', { name: /: show$/ });
  await show.waitFor();
  assert.equal(await row.getAttribute('aria-rowindex'), place, 'the row has not moved');
  assert.equal(await page.getByRole('row', { name: 'live-second' }).count(), 0);
  await show.click();
  await page.getByRole('row', { name: 'live-second' }).waitFor();
});

step('events follow along until they are paused', async ({ page, server }) => {
  const seen = (id) =>
    server.call('POST', '/events', { id, type: id, identity: { id: 'live-first' } });
  await page.goto(`${server.origin}/events`);
  await settled(page);
  await page.mouse.move(5, 5);
  await seen('tail.one');
  await page.getByRole('link', { name: 'tail.one' }).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await seen('tail.two');
  await page.getByRole('button', { name: /more: show$/ }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'tail.two' }).count(), 0);
  await page.getByRole('button', { name: 'Follow along' }).click();
  await page.getByRole('link', { name: 'tail.two' }).waitFor();
});

step('a reason leads to its events, and an event to its reasons', async ({ page, server }) => {
  const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
  const failed = Array.from({ length: 12 }, (_, n) => ({
    type: 'login_failed',
    identity: { id: 'guessed' },
    timestamp: ago(600 - n),
  }));
  const later = Array.from({ length: 70 }, (_, n) => ({
    type: 'page_view',
    identity: { id: 'guessed' },
    timestamp: ago(400 - n * 5),
  }));
  await server.call('POST', '/events', [...failed, ...later]);
  await until('the run is seen', async () => {
    const analysis = await server.call('GET', '/identities/guessed/analysis').catch(() => null);
    const seen = analysis?.scores.flatMap((score) => score.observations) ?? [];
    return seen.some((one) => one.id === 'behavior.failed-logins' && one.basis?.count === 12);
  });
  await page.goto(`${server.origin}/identities/guessed?category=BEHAVIOR`);
  await settled(page);
  await page.getByRole('button', { name: 'Show the 12 events behind it: Failed logins' }).click();
  await page.waitForURL(/rests=behavior.failed-logins/);
  const marked = page.locator('[data-event][aria-current=true]');
  await marked.first().waitFor();
  assert.equal(await marked.count(), 10, 'the latest ten are marked');
  await page.waitForFunction(() => {
    const { top, bottom } = document
      .querySelector('[data-event][aria-current=true]')
      .getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
  await page.getByText('12 events behind').waitFor();
  assert.equal(await marked.first().getByRole('button', { name: 'Failed logins' }).count(), 1);
  await page.getByRole('button', { name: 'Remove the marks' }).click();
  await page.waitForURL((url) => !url.search.includes('rests'));
  assert.equal(await marked.count(), 0);
});

step('identities are filtered by verdict', async ({ page, server }) => {
  await server.call('PUT', '/identities/guessed/label', { kind: 'ACCOUNT_TAKEOVER' });
  await page.goto(`${server.origin}/identities`);
  await settled(page);
  await page.getByLabel('Verdict', { exact: true }).selectOption('ACCOUNT_TAKEOVER');
  await page.waitForURL(/label=ACCOUNT_TAKEOVER/);
  await page.getByText('1 identity').first().waitFor();
  await page.getByRole('gridcell').getByText('Verdict: account takeover').waitFor();
  await server.call('DELETE', '/identities/guessed/label');
});

step('identities are searched, narrowed and kept as a view', async ({ page, server }) => {
  await page.goto(`${server.origin}/identities`);
  await settled(page);
  await page.keyboard.press('/');
  await page.keyboard.type('lovelace');
  await page.waitForURL(/term=lovelace/);
  await page.getByText('1 identity found').waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByText('More filters').click();
  const slider = page.getByLabel('Humanity at most');
  await slider.focus();
  for (let count = 0; count < 60; count += 1) await page.keyboard.press('ArrowLeft');
  await page.waitForURL(/maxHumanity=40/);
  await page.reload();
  await settled(page);
  assert.equal(
    await page.getByLabel('Humanity at most').inputValue(),
    '40',
    'filters are in the address',
  );
  await page.getByRole('button', { name: 'Save view' }).click();
  await page.getByLabel('Name of the view').fill('Bots');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await page.getByLabel('Saved views').selectOption('Bots');
  await page.waitForURL(/maxHumanity=40/);
});

step('rows are walked and opened with the keyboard', async ({ page, server }) => {
  await page.goto(`${server.origin}/identities?sort=id&order=ASC`);
  await settled(page);
  await page.keyboard.press('j');
  for (let count = 0; count < 5; count += 1) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') > 100);
  await settled(page);
  await page.keyboard.press('Home');
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-rowindex') === '2');
  await page.keyboard.press('Enter');
  await page.waitForURL(/identities\/./);
});

step('many are disregarded at once, and taken back', async ({ page, server }) => {
  await page.goto(`${server.origin}/identities?term=hostile-`);
  await page.getByText('4 identities found').waitFor();
  await settled(page);
  for (const box of await page.getByRole('checkbox').all()) await box.check();
  await page.getByRole('button', { name: 'Disregard', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disregard' }).click();
  await page.getByText('4 identities disregarded.').waitFor();
  const left = async () => (await server.call('GET', '/identities?disregarded=true')).totalElements;
  assert.equal(await left(), 4);
  await page.getByRole('button', { name: 'Undo' }).click();
  await until('taken back', async () => (await left()) === 0);
});

step(
  'what is exported is all of it, and computes nothing in a spreadsheet',
  async ({ page, server }) => {
    await page.goto(`${server.origin}/identities`);
    await settled(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ]);
    const text = readFileSync(await download.path(), 'utf8');
    const total = (await server.call('GET', '/identities?pageSize=1')).totalElements;
    assert.equal(text.split('\r\n').length, total + 2);
    assert(text.includes('\'=HYPERLINK(""http://evil.example""'), 'formulas are text');
    assert(!/(^|,)"?[=+@-][^,\d]/m.test(text), 'no cell begins a formula');
  },
);

step('a rule is tuned with its preview, and the change taken back', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/escalation-rules`);
  await settled(page);
  const row = page.locator('li', { hasText: 'Critical humanity' });
  await row.getByRole('button', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/identit(y|ies) match(es)? now/).waitFor();
  const matches = async () =>
    Number((await dialog.getByText(/match(es)? now/).textContent()).split(' ')[0]);
  const before = await matches();
  await dialog.getByLabel('Threshold of condition 1').fill('90');
  await until('more match', async () => (await matches()) > before);
  await dialog.getByRole('button', { name: 'Add a condition' }).click();
  await dialog.getByLabel('Kind of condition 2').selectOption('IDENTITY_AGE_LT');
  await dialog.getByLabel('Length of time of condition 2').fill('3');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await row.getByText('Humanity is below 90, and known for less than 3 days').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await row.getByText('Humanity is below 25', { exact: true }).waitFor();
});

step('a badge rule is made', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/badge-rules`);
  await settled(page);
  await page.getByRole('button', { name: 'Make a rule' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Rather doubtful');
  await dialog.getByLabel('Score of condition 1').selectOption('AUTHENTICITY');
  await dialog.getByLabel('Threshold of condition 1').fill('40');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page
    .locator('li', { hasText: 'Rather doubtful' })
    .getByText('Authenticity is below 40')
    .waitFor();
});

step(
  'a webhook shows its secret once, is tested, and gets another secret',
  async ({ page, server }) => {
    await page.goto(`${server.origin}/settings/channels`);
    await settled(page);
    await page.getByRole('button', { name: 'Make a channel' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Fraud desk');
    await dialog.getByLabel('Address').fill('https://receiver.invalid/hook');
    await dialog.getByRole('button', { name: 'Make a channel' }).click();
    const secret = () => dialog.locator('pre').textContent();
    await dialog.getByText('is shown this once').waitFor();
    const first = await secret();
    assert.match(first, /^whsec_/);
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    await page.getByText('Test', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Change the secret' }).click();
    await dialog.getByRole('button', { name: 'Change the secret' }).click();
    await dialog.getByText('is shown this once').waitFor();
    assert.notEqual(await secret(), first);
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByText('The secret before signs too').waitFor();
  },
);

step('a channel is changed, and the change taken back', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/channels`);
  await settled(page);
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Fraud desk 2');
  await dialog.getByLabel('At most a minute').fill('12');
  await dialog.getByLabel('Another channel switched off').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('at most 12 a minute').waitFor();
  await page.getByRole('heading', { name: 'Fraud desk 2' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.getByRole('heading', { name: 'Fraud desk Webhook' }).waitFor();
  const [channel] = await server.call('GET', '/channels');
  assert.deepEqual(channel.events, []);
});

step('a rule is compared with the others', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/escalation-rules`);
  await settled(page);
  const row = page.locator('li', { hasText: 'Not a person, at once' });
  await row.getByRole('link', { name: 'Compare' }).click();
  await page.getByRole('heading', { name: 'Comparison of Not a person, at once' }).waitFor();
  await settled(page);
  await page.getByRole('heading', { name: 'Only this rule' }).waitFor();
  await page.getByRole('button', { name: '7 days' }).click();
  await page.waitForURL(/days=7/);
});

step('a mapping is added, deleted and brought back', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/mappings`);
  await settled(page);
  await page.getByRole('button', { name: 'Add a mapping' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Your name').fill('acct.opened');
  await dialog.getByLabel('Means').selectOption('REGISTRATION');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const row = page.locator('li', { hasText: 'acct.opened' });
  await row.getByRole('button', { name: 'Delete' }).click();
  await row.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await row.waitFor();
});

/** Once shown, and kept. */
async function shownOnce(page) {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'I have kept it' }).waitFor();
  const text = await dialog.locator('pre').first().textContent();
  await dialog.getByRole('button', { name: 'I have kept it' }).click();
  return text;
}

/** Invites somebody and gives the way to the page where they accept. */
async function invite(page, server, email, role) {
  await page.goto(`${server.origin}/settings/team`);
  await settled(page);
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('E-mail').fill(email);
  await dialog.getByLabel('Role').selectOption(role);
  await dialog.getByRole('button', { name: 'Invite somebody' }).click();
  const link = new URL(await shownOnce(page));
  return `${server.origin}${link.pathname}${link.hash}`;
}

const ANN = { email: 'ann@example.com', password: 'three odd socks' };

step(
  'somebody is invited, comes in, and may do less each time',
  async ({ page, browser, server }) => {
    const link = await invite(page, server, ANN.email, 'USER');
    await page.getByText(ANN.email).waitFor();
    const { context, page: anns } = await profile(browser);
    await anns.goto(link);
    await anns.getByText('First team').waitFor();
    await anns.getByLabel('Your name').fill('Ann <b>Bold</b>');
    await anns.getByLabel('Choose a password').fill(ANN.password);
    await anns.getByRole('button', { name: 'Accept the invitation' }).click();
    await anns.getByRole('navigation', { name: 'Pages' }).waitFor();
    await anns.goto(`${server.origin}/settings`);
    await settled(anns);
    assert.equal(await anns.getByRole('link', { name: /Audit log/ }).count(), 0);
    await anns.goto(`${server.origin}/settings/badge-rules`);
    await settled(anns);
    await anns.getByRole('button', { name: 'Try it on the past' }).first().waitFor();
    assert.equal(await anns.getByRole('button', { name: 'Change' }).count(), 0);
    for (const path of ['team', 'mappings', 'retention', 'datasets/networks']) {
      await anns.goto(`${server.origin}/settings/${path}`);
      await settled(anns);
      const acts = anns.getByRole('main').getByRole('button', {
        name: /Invite|Remove|Add|Map|Save|Paste|Overrule/,
      });
      assert.equal(await acts.count(), 0, `${path} offers a user nothing to change`);
    }
    await page.reload();
    await page.getByLabel('Role of Ann').selectOption('VIEWER');
    await page.getByText('The role counts at once.').waitFor();
    await anns.goto(`${server.origin}/settings/badge-rules`);
    await settled(anns);
    assert.equal(await anns.getByRole('button', { name: 'Try it on the past' }).count(), 0);
    await context.close();
  },
);

step('a link sets a password, once', async ({ page, browser, server }) => {
  await page.goto(`${server.origin}/settings/team`);
  await settled(page);
  const row = page.locator('li', { hasText: ANN.email });
  await row.getByRole('button', { name: 'Password link' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make the link' }).click();
  const { pathname, hash } = new URL(await shownOnce(page));
  const { context, page: anns } = await profile(browser);
  await anns.goto(server.origin + pathname + hash);
  await anns.getByLabel('Choose a password').fill('four odder socks');
  await anns.getByRole('button', { name: 'Set the password' }).click();
  await anns.getByText('The password is set.').waitFor();
  await signIn(anns, server.origin, { ...ANN, password: 'four odder socks' });
  await anns.goto(server.origin + pathname + hash);
  await anns.getByLabel('Choose a password').fill('five odder socks');
  await anns.getByRole('button', { name: 'Set the password' }).click();
  await anns.getByRole('heading', { name: 'This link does not work' }).waitFor();
  await anns.getByRole('link', { name: 'To the dashboard' }).click();
  await anns.getByRole('navigation', { name: 'Pages' }).waitFor();
  await context.close();
});

step(
  'a member is disabled, enabled and removed, an invitation withdrawn',
  async ({ page, server }) => {
    const row = page.locator('li', { hasText: ANN.email });
    const dialog = page.getByRole('dialog');
    await row.getByRole('button', { name: 'Disable' }).click();
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await row.getByText('Disabled', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Enable' }).click();
    await row.getByText('Disabled', { exact: true }).waitFor({ state: 'detached' });
    await row.getByRole('button', { name: 'Remove' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await row.waitFor({ state: 'detached' });
    await invite(page, server, 'eve@example.com', 'VIEWER');
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await dialog.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('Nobody is invited').waitFor();
  },
);

step('another team is made, and one moves between both', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/team`);
  await settled(page);
  await page.getByRole('button', { name: 'Make another team' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Second team');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Welcome to Dregs' }).waitFor();
  const choice = page.getByRole('complementary').getByLabel('Team');
  assert.equal(await choice.locator('option:checked').textContent(), 'Second team');
  await choice.selectOption('First team');
  await page.getByRole('heading', { name: 'Lowest scores' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Lowest scores' }).waitFor();
});

step('an agent gets a token once, and loses it', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/agents`);
  await settled(page);
  await page.getByRole('button', { name: 'Make a token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What it is for').fill('laptop');
  await dialog.getByRole('button', { name: 'Make a token' }).click();
  assert.match(await shownOnce(page), /^dmt_/);
  const row = page.locator('li', { hasText: 'laptop' });
  await row.getByText('Reads only').waitFor();
  await row.getByRole('button', { name: 'Revoke' }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('No agent has access').waitFor();
});

step('one has a name, and sessions that can be ended', async ({ page, browser, server }) => {
  const { context, page: other } = await profile(browser);
  await signIn(other, server.origin, server.keys);
  await page.goto(`${server.origin}/settings/account`);
  await settled(page);
  await page.getByLabel('Name').fill('Grace');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Your name is changed.').waitFor();
  const others = page
    .locator('li', { hasText: 'from 127.0.0.1' })
    .filter({ hasNotText: 'This one' });
  const before = await others.count();
  await others.first().getByRole('button', { name: /^End/ }).click();
  await until('ended', async () => (await others.count()) === before - 1);
  await other.goto(`${server.origin}/identities`);
  await other.getByRole('heading', { name: 'Log in to Dregs' }).waitFor();
  await context.close();
});

step('the audit log tells who did it, by filters in the address', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/audit-log?action=createToken`);
  await page.getByText('1 line, newest first').waitFor();
  await page.getByRole('row', { name: /createToken/ }).click();
  await page.getByRole('dialog').getByText('readOnly').waitFor();
  await page.getByRole('button', { name: `Only this: ${server.keys.email}` }).click();
  await page.waitForURL(/actor=/);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await settled(page);
  await page.getByText('1 line, newest first').waitFor({ state: 'detached' });
});

step('a dataset learns an entry, many at once, and forgets one', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/datasets`);
  await settled(page);
  await page.getByRole('link', { name: 'Disposable e-mail domains' }).click();
  await settled(page);
  await page.getByLabel('Key or note').fill('mailinator.com');
  await page.waitForURL(/term=mailinator/);
  await settled(page);
  await page.getByRole('button', { name: 'Overrule' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Says').selectOption('not');
  await dialog.getByLabel('Note').fill('our testers');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row').filter({ hasText: 'our testers' }).waitFor();
  await page.getByRole('button', { name: 'Paste many' }).click();
  await dialog.getByLabel('Lines').fill('one.example,weak,seen\ntwo.example\nthree.example,odd');
  await dialog.getByText('Line 3: “odd” is none of').waitFor();
  await dialog.getByLabel('Lines').fill('one.example,weak,seen\ntwo.example');
  await dialog.getByRole('button', { name: 'Import 2 entries' }).click();
  await page.getByText('2 added, 0 changed.').waitFor();
  await page.goto(`${page.url().split('?')[0]}?scope=CUSTOMER`);
  await page.getByText('3 entries').waitFor();
  await page
    .getByRole('row', { name: 'two.example' })
    .getByRole('button', { name: 'Remove' })
    .click();
  await page.getByText('2 entries').waitFor();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await page.getByText('3 entries').waitFor();
});

step('what would go is shown before it goes', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/retention`);
  await settled(page);
  await page.getByLabel('Events: days').fill('1');
  await page.getByText(/\d would go now/).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('does not come back').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await server.call('GET', '/retention')).eventsDays, null);
  await page.getByLabel('Events: days').fill('');
  await page.getByLabel('Deliveries: days').fill('30');
  await until('looked at', () => page.getByRole('button', { name: 'Save' }).isEnabled());
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved. What is older').waitFor();
  assert.equal((await server.call('GET', '/retention')).deliveriesDays, 30);
});

step('a name that was seen is mapped with a click, and back', async ({ page, server }) => {
  await server.call('POST', '/events', [
    { type: 'order_completed_now', identity: { id: 'ada@example.com' } },
  ]);
  await until('counted', async () =>
    (await server.call('GET', '/mappings/unmapped')).some(
      (one) => one.name === 'order_completed_now',
    ),
  );
  await page.goto(`${server.origin}/settings/mappings`);
  await settled(page);
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Seen, and' }) });
  const more = panel.getByRole('button', { name: /^Show all/ });
  if (await more.count()) await more.click();
  await panel.getByRole('button', { name: 'Map order_completed_now' }).click();
  await page.getByText('order_completed_now means PURCHASE.').waitFor();
  await panel.getByText('order_completed_now').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await panel.getByText('order_completed_now').waitFor();
});

step('a rule is tried on the past, and has a budget', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/badge-rules`);
  await settled(page);
  const row = page.locator('li', { hasText: 'Likely Bot' });
  await row.getByRole('button', { name: 'Try it on the past' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Try it on the past' }).click();
  await dialog.getByText(/It would have fired on \d+ of/).waitFor();
  await page.keyboard.press('Escape');
  await row.getByRole('button', { name: 'Change' }).click();
  await dialog.getByLabel('Pause it when wrong too often').fill('5');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row.getByText('paused when more than 5 % are legitimate').waitFor();
});

step('a rule that was wrong too often says so, and is resumed', async ({ page, server }) => {
  const { content } = await server.call('GET', '/identities?badge=likely-bot&pageSize=12');
  for (const { id } of content)
    await server.call('PUT', `/identities/${encodeURIComponent(id)}/label`, { kind: 'LEGITIMATE' });
  const rule = () => server.call('GET', '/badge-rules/likely-bot');
  await until('paused', async () => (await rule()).pausedAt);
  await page.goto(`${server.origin}/settings/badge-rules`);
  await settled(page);
  const row = page.locator('li', { hasText: 'Likely Bot' });
  await row.getByText('Paused', { exact: true }).waitFor();
  await row.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('It works again.').waitFor();
  await row.getByText('Paused', { exact: true }).waitFor({ state: 'detached' });
  assert.equal((await rule()).pausedAt, null);
});

step('the system tells its version and what became of the events', async ({ page, server }) => {
  await page.goto(`${server.origin}/settings/system`);
  await settled(page);
  await page.getByText('Keeps up', { exact: true }).waitFor();
  await page.getByRole('row', { name: /Processed/ }).waitFor();
});

hostile(step);

step(
  'the calibration report says when labels are too few, and shows what there is',
  async ({ page, server }) => {
    const { content } = await server.call(
      'GET',
      '/identities?sort=humanityScore&order=ASC&pageSize=100',
    );
    for (const { id, humanityScore } of content.slice(0, 6).concat(content.slice(-6))) {
      const kind = humanityScore < 50 ? 'BOT' : 'LEGITIMATE';
      await server.call('PUT', `/identities/${encodeURIComponent(id)}/label`, { kind });
    }
    await page.goto(`${server.origin}/reports/calibration`);
    await settled(page);
    await page.getByText('Too few verdicts to conclude anything').first().waitFor();
    await page.getByRole('img', { name: /^Reliability of Humanity/ }).waitFor();
    await page.getByRole('button', { name: 'Legitimate', exact: true }).click();
    await page.waitForURL(/side=true/);
    const panel = page.locator('section', {
      has: page.getByRole('heading', { name: 'Verdicts', exact: true }),
    });
    await panel.getByText('Verdict: legitimate').first().waitFor();
    assert.equal(await panel.getByText('Verdict: bot').count(), 0);
  },
);

step('somebody gets their data, and is erased', async ({ page, server }) => {
  const id = 'hostile-zalgo';
  await page.goto(`${server.origin}/identities/${id}?tab=data`);
  await settled(page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export', exact: true }).click(),
  ]);
  const document = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.equal(document.identityId, id);
  assert(document.events.length > 0);
  await page.getByRole('button', { name: 'Erase…' }).click();
  const dialog = page.getByRole('dialog');
  const act = dialog.getByRole('button', { name: 'Erase' });
  await dialog.getByLabel('Type its id to confirm').fill('hostile');
  assert(await act.isDisabled(), 'only the whole id confirms');
  await dialog.getByLabel('Type its id to confirm').fill(id);
  await act.click();
  await page.waitForURL(/erasures/);
  await page.getByText('Nothing that was held of them is left.').waitFor();
  await page.goto(`${server.origin}/identities?term=${id}`);
  await page.getByText('0 identities found').waitFor();
});

step(
  'single sign-on is offered where there is a provider, and a refusal is told in plain words',
  async ({ browser, server }) => {
    for (const options of [{}, { viewport: NARROW, colorScheme: 'dark' }]) {
      const { context, page } = await profile(browser, options);
      const methods = {
        password: true,
        singleSignOn: { button: 'Log in at work', logoutUrl: 'https://id.example/end' },
      };
      await page.route('**/api/auth/methods', (route) => route.fulfill({ json: methods }));
      const refused = { status: 403, message: 'nobody here has your e-mail address' };
      await page.route('**/api/auth/sso', (route) => route.fulfill({ status: 403, json: refused }));
      await page.goto(server.origin);
      await page.getByRole('button', { name: 'Log in at work' }).waitFor();
      assert.deepEqual(await axe(page), []);
      await page.goto(`${server.origin}/sign-in?code=a&state=b`);
      await page.getByText(refused.message).waitFor();
      assert.deepEqual(await axe(page), []);
      assert.equal(new URL(page.url()).search, '', 'the code stays in no history');
      methods.password = false;
      await page.getByRole('link', { name: 'Back to the log-in page' }).click();
      await page.goto(server.origin);
      await page.getByRole('button', { name: 'Log in at work' }).waitFor();
      assert.equal(await page.getByLabel('Password').count(), 0);
      await context.close();
    }
  },
);

roles(step);
links(step);
layout(step);

const server = await start(binary);
const browser = await launch();
const { page, complaints } = await profile(browser);
page.setDefaultTimeout(SEEN_MS);
let failed = 0;
try {
  // The first two sign in and fill the server; the others can be chosen.
  const chosen = new RegExp(process.env.DREGS_STEPS ?? '');
  for (const { name, act } of steps.filter((one, at) => at < 2 || chosen.test(one.name))) {
    const from = Date.now();
    try {
      await act({ page, browser, server });
      console.info(`ok    ${name} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.error(`FAILED ${name}\n${error.stack}\n  at ${page.url()}`);
      await page
        .screenshot({ path: `${process.env.DREGS_SHOTS ?? '/tmp'}/dashboard-failed-${failed}.png` })
        .catch(() => undefined);
    }
  }
  // The wrong password is answered with 401, which the browser tells the console.
  const odd = complaints.filter((line) => !line.includes('401'));
  if (odd.length > 0) {
    failed += 1;
    console.error(`FAILED the console is quiet\n${odd.slice(0, 20).join('\n')}`);
  }
} finally {
  await browser.close();
  await server.stop();
}
process.exit(failed > 0 ? 1 : 0);
