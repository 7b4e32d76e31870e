// What the three roles may do, each with a session of its own: what is not theirs is neither offered nor done.
import assert from 'node:assert/strict';
import { axe, profile, settled, signIn, TABS } from '../browser.mjs';
import { until } from '../server.mjs';

const PASSWORD = 'three odd socks';

/** Somebody who was invited and came. */
async function member(server, role) {
  const email = `${role.toLowerCase()}@example.com`;
  const { token } = await server.call('POST', '/team/invitations', { email, role });
  const answer = await fetch(`${server.api}/api/auth/invitations/accept`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, name: `The ${role.toLowerCase()}`, password: PASSWORD }),
  });
  assert.equal(answer.status, 200, await answer.text());
  return { email, password: PASSWORD };
}

/** What the API answers whoever is signed in on this page. */
const ask = (page, method, path, json) =>
  page.evaluate(
    async ([method, path, json]) => {
      const token = sessionStorage.getItem('dregs.session');
      const answer = await fetch(`/api${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: json === undefined ? undefined : JSON.stringify(json),
      });
      return answer.status;
    },
    [method, path, json],
  );

/** Buttons that change what only administrators change. */
const ADMINISTRATION =
  /^(Disregard|Regard|Judge|Score again|Export$|Erase|Not the same|Same person|Make (a|an|main)|Change\b(?! the (label|verdict))|Switch|Delete|Add (a|an)|Map\b|Save$|Paste|Overrule|Revoke|Disable|Enable|Invite|Rename|Remove|Withdraw|Send a test|Send again|Resume|Leave)/;
const CASEWORK =
  /^(Label|Verdict|Ask for a review|Acknowledge\b|Close\b|Reopen|Assign|Give up|Add note|Try it)/;
/** Where they work; axe has seen the rest as who may do everything, and as who may do nothing. */
const CASES = /^\/(escalations|identities\/.*=(why|label|reviews))?$/;
/** What everybody does for themselves. */
const OWN = ['/settings/account', '/settings/agents', '/settings/team'];

const rule = (name) => ({
  name,
  type: 'BAD',
  severity: 'INFO',
  conditions: [{ type: 'SCORE_LT', category: 'ANY', threshold: 10 }],
});

function administration({ id, other, device }) {
  return [
    ['PATCH', `/identities/${id}`, { disregarded: true }],
    ['POST', `/identities/${id}/actions/analyze`, {}],
    ['GET', `/identities/${id}/export`],
    ['DELETE', `/identities/${id}`],
    ['PUT', `/identities/${id}/decisions/${other}`, { verdict: 'DIFFERENT' }],
    ['PATCH', `/devices/${device}`, { disregarded: true }],
    ['POST', '/badge-rules', rule('Not theirs to make')],
    ['POST', '/escalation-rules', rule('Not theirs to make')],
    ['POST', '/channels', { name: 'Out', type: 'WEBHOOK', url: 'https://receiver.invalid/' }],
    ['PUT', '/mappings', { kind: 'EVENT_TYPE', source: 'x', target: 'LOGIN' }],
    ['PUT', '/datasets/disposable-domains/entries', { key: 'x.example', value: 'weak' }],
    ['PUT', '/retention', { eventsDays: 1 }],
    ['POST', '/credentials', { name: 'theirs' }],
    ['GET', '/credentials'],
    ['POST', '/team/invitations', { email: 'eve@example.com', role: 'ADMIN' }],
    ['GET', '/audit-log'],
  ];
}

function casework({ id, escalation }) {
  return [
    ['PATCH', `/escalations/${escalation}`, { status: 'ACKNOWLEDGED' }],
    ['POST', `/escalations/${escalation}/notes`, { body: 'seen' }],
    ['PUT', `/identities/${id}/label`, { kind: 'BOT' }],
    ['POST', `/identities/${id}/actions/review`, {}],
  ];
}

async function things(server) {
  const ring = (await server.call('GET', '/rings?sort=size&order=DESC')).content[0];
  const { members } = await server.call('GET', `/rings/${ring.id}`);
  const [device] = (await server.call('GET', '/devices')).content;
  const [escalation] = (await server.call('GET', '/escalations?status=OPEN')).content;
  const [rule] = await server.call('GET', '/escalation-rules');
  return {
    id: encodeURIComponent(members[0].id),
    other: encodeURIComponent(members[1].id),
    device: device.fingerprint,
    ring: ring.id,
    escalation: escalation.id,
    rule: rule.id,
  };
}

function pages({ id, ring, device, escalation, rule }) {
  const settings = [
    'badge-rules',
    'escalation-rules',
    `escalation-rules/${rule}`,
    'channels',
    'mappings',
    'team',
    'agents',
    'datasets',
    'datasets/networks',
    'retention',
    'system',
    'account',
  ];
  return [
    '/',
    '/identities',
    ...TABS.map((tab) => `/identities/${id}?tab=${tab}`),
    '/rings',
    `/rings/${ring}`,
    '/devices',
    `/devices/${device}`,
    '/events',
    '/escalations',
    `/escalations/${escalation}`,
    '/reports/calibration',
    '/settings',
    ...settings.map((path) => `/settings/${path}`),
  ];
}

/** Walks every page: nothing is offered that the role may not do, nothing fails, axe is content. */
async function walked(page, server, known, forbidden, colorScheme, inspected = /./) {
  const found = [];
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  for (const path of pages(known)) {
    await page.goto(server.origin + path);
    await settled(page);
    const names = await page.getByRole('main').getByRole('button').allInnerTexts();
    for (const name of OWN.includes(path) ? [] : names.map((one) => one.trim()))
      if (forbidden.some((pattern) => pattern.test(name))) found.push(`${path} offers ${name}`);
    if (await page.getByRole('main').getByRole('alert').filter({ hasText: /\S/ }).count())
      found.push(`${path} failed`);
    if (!inspected.test(path)) continue;
    for (const line of await axe(page)) found.push(`${path}: ${line}`);
  }
  for (const name of ['Credentials', 'Audit log']) {
    await page.goto(`${server.origin}/settings`);
    await settled(page);
    if (await page.getByRole('link', { name }).count()) found.push(`settings lead to ${name}`);
  }
  return found;
}

/** Without the mouse, from the password to the next case. */
async function triage(page, server, who) {
  await page.goto(server.origin);
  await page.getByLabel('E-mail').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type(who.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(who.password);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await page.getByRole('heading', { name: 'Escalations', exact: true }).waitFor();
  await settled(page);
  const row = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  const onRow = () =>
    page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'row');
  await page.keyboard.press('j');
  await onRow();
  const first = await row();
  await page.getByRole('heading', { name: 'Why' }).waitFor();
  const seen = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0;
  });
  assert(seen, 'the focus is seen');
  await page.keyboard.press('l');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Control+Enter');
  await dialog.waitFor({ state: 'detached' });
  await until('labelled', async () => {
    const [label] = (await server.call('GET', '/labels')).content;
    return label?.labelledBy.includes(who.email);
  });
  await page.keyboard.press('n');
  await page.keyboard.type('asked them by phone');
  await page.keyboard.press('Control+Enter');
  await page.locator('li', { hasText: 'asked them by phone' }).waitFor();
  await page.keyboard.press('Escape');
  const before = (await server.call('GET', '/escalations/summary')).acknowledged;
  await page.keyboard.press('a');
  await page.getByText('Acknowledged.').waitFor();
  await until(
    'acknowledged',
    async () => (await server.call('GET', '/escalations/summary')).acknowledged === before + 1,
  );
  await page.keyboard.press('j');
  await onRow();
  await until('the next', async () => (await row()) !== first);
}

export function roles(step) {
  step('who works on cases triages by the keyboard alone', async ({ browser, server }) => {
    const who = await member(server, 'USER');
    const { context, page, complaints } = await profile(browser);
    await triage(page, server, who);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  step('who works on cases is offered casework and no more', async ({ browser, server }) => {
    const known = await things(server);
    const { context, page } = await profile(browser);
    await signIn(page, server.origin, { email: 'user@example.com', password: PASSWORD });
    assert.deepEqual(await walked(page, server, known, [ADMINISTRATION], 'light', CASES), []);
    for (const [method, path, body] of administration(known))
      assert.equal(await ask(page, method, path, body), 403, `${method} ${path}`);
    for (const [method, path, body] of casework(known)) {
      const status = await ask(page, method, path, body);
      assert(status >= 200 && status < 300, `${method} ${path}: ${status}`);
    }
    await context.close();
  });

  step('who may only read is offered nothing, and changes nothing', async ({ browser, server }) => {
    const who = await member(server, 'VIEWER');
    const known = await things(server);
    const { context, page } = await profile(browser);
    await signIn(page, server.origin, who);
    const found = await walked(page, server, known, [ADMINISTRATION, CASEWORK], 'dark');
    assert.deepEqual(found, []);
    for (const [method, path, body] of [...administration(known), ...casework(known)])
      assert.equal(await ask(page, method, path, body), 403, `${method} ${path}`);
    await page.goto(`${server.origin}/escalations`);
    await settled(page);
    const { open } = await server.call('GET', '/escalations/summary');
    for (const key of ['j', 'a', 'c', 'm']) await page.keyboard.press(key);
    await settled(page);
    assert.equal((await server.call('GET', '/escalations/summary')).open, open, 'keys do nothing');
    await context.close();
  });
}
