/** The built script in a real Chromium against a server that records what arrives. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startServer } from './server.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.log(`browser tests skipped: no Chromium at ${executablePath} (set CHROMIUM)`);
  process.exit(process.env.CI ? 1 : 0);
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const STUB =
  'window.dregs = window.dregs || function () { (window.dregs.q = window.dregs.q || []).push(arguments); };';

const pageOf = (calls, body = '', source = '/dregs.js') => `<!doctype html><title>t</title>
<script>${STUB} ${calls}</script><script src="${source}" async></script><body>${body}`;
const INIT = `dregs('init', { key: 'pk_test' });`;
const FORM = `<form id="signup" action="/blank?next=1" method="post" onsubmit="event.preventDefault()">
  <input name="email" type="email"><input name="password" type="password">
  <input name="csrf" type="hidden" value="hidden-value"><button id="go">Go</button></form>
  <div style="height:3000px"></div>`;

const pages = {
  '/blank': '<!doctype html><title>blank</title>',
  '/plain': pageOf(INIT, FORM),
  '/queued': pageOf(`${INIT} dregs('identify', 'u1', { email: 'ada@example.com' });
    dregs('track', 'first', { n: 1 }); dregs('track', 'second', { n: 2 });`),
  '/anonymous': pageOf(`dregs('init', { key: 'pk_test', autoTrack: false });`),
  '/no-init': pageOf(''),
  '/hostile': `<!doctype html><title>t</title><script>
    Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('no'); } });
    Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } });
    HTMLCanvasElement.prototype.getContext = () => { throw new Error('no'); };
    window.OfflineAudioContext = function () { throw new Error('no'); };
    navigator.permissions.query = () => { throw new Error('no'); };
    ${STUB} ${INIT}</script><script src="/dregs.js" async></script><body>${FORM}`,
  '/beacon': `<!doctype html><title>t</title><script>delete Request.prototype.keepalive;
    ${STUB} ${INIT}</script><script src="/dregs.js" async></script>`,
};

let server;
let browser;
let context;
let page;
let faults;

before(async () => {
  server = await startServer(pages);
  pages['/cross'] = pageOf(INIT, '', `${server.otherOrigin}/dregs.js`);
  browser = await chromium.launch({ executablePath, args: ARGS });
});
after(async () => {
  await browser?.close();
  server?.close();
});
beforeEach(async () => {
  server.reset();
  faults = [];
  context = await browser.newContext();
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
});
// A test that navigates away waits for the new page first: Chromium often never answers when a
// context closes in the middle of leaving a page that has a pagehide listener, whatever it does.
afterEach(() => context.close());

const has = (type) => (events) => events.some((event) => event.type === type);
const only = (type) => server.events().filter((event) => event.type === type);
const open = async (path) => {
  await page.goto(server.origin + path);
  await server.until(has('dregs_init'), 'dregs_init');
};

test('init sends the device once and only its fingerprint afterwards', async () => {
  await open('/plain');
  await page.evaluate(() => window.dregs('track', 'later', { n: 1 }));
  await server.until(has('later'), 'later');
  const [init] = only('dregs_init');
  const [later] = only('later');
  const { fingerprint, signals } = init.device;
  assert.match(fingerprint, /^[0-9a-f]{32}$/);
  assert.equal(signals.v, 1);
  assert.ok(JSON.stringify(signals).length < 24 * 1024);
  assert.ok(signals.userAgent.includes('Chrome'));
  assert.equal(signals.automation.webdriver, true);
  assert.equal(signals.automation.protocolAttached, true);
  assert.deepEqual(signals.automation.tampered, []);
  assert.deepEqual(later.device, { fingerprint });
  assert.equal(init.session, later.session);
  assert.equal(init.url, `${server.origin}/plain`);
  assert.equal(init.source, 'tracker');
  assert.match(init.id, /^[0-9a-f]{32}$/);
  assert.match(init.timestamp, /^\d{4}-.*Z$/);
  assert.equal(server.requests[0].headers.authorization, 'Bearer pk_test');
  assert.equal(server.requests[0].headers['content-type'], 'application/json');
  assert.equal(server.requests[0].headers.cookie, undefined);
  assert.deepEqual(await context.cookies(), []);
  mkdirSync(new URL('../dist/', import.meta.url), { recursive: true });
  if (process.env.SIGNALS_OUT) writeFileSync(process.env.SIGNALS_OUT, JSON.stringify(init.device));
});

test('the same browser has the same fingerprint again', async () => {
  await open('/plain');
  const first = only('dregs_init')[0].device.fingerprint;
  server.reset();
  const other = await browser.newContext({ locale: 'en-US', colorScheme: 'dark' });
  await (await other.newPage()).goto(`${server.origin}/plain?other=1`);
  await server.until(has('dregs_init'), 'dregs_init');
  await other.close();
  assert.equal(only('dregs_init')[0].device.fingerprint, first);
});

test('calls made before the script loads replay in order', async () => {
  await open('/queued');
  await server.until(has('second'), 'second');
  const types = server.events().map(({ type }) => type);
  const ordered = types.filter((type) =>
    ['dregs_init', 'identify', 'first', 'second'].includes(type),
  );
  assert.deepEqual(ordered, ['dregs_init', 'identify', 'first', 'second']);
  assert.deepEqual(only('identify')[0].identity, { id: 'u1', data: { email: 'ada@example.com' } });
  assert.deepEqual(only('first')[0].identity, { id: 'u1' });
  assert.deepEqual(only('second')[0].data, { n: 2 });
});

test('methods work, and the identity lasts over pages until it is taken back', async () => {
  await open('/anonymous');
  await page.evaluate(() => {
    window.dregs.track('before');
    window.dregs.identify(42, { plan: 'pro' });
    window.dregs.track('after');
  });
  await server.until(has('after'), 'after');
  assert.equal(only('before')[0].identity, undefined);
  assert.deepEqual(only('after')[0].identity, { id: '42' });
  server.reset();
  await open('/anonymous');
  assert.deepEqual(only('dregs_init')[0].identity, { id: '42' });
  assert.deepEqual(only('page_view'), []);
  await page.evaluate(() => {
    window.dregs.identify(null);
    window.dregs.track('gone');
  });
  await server.until(has('gone'), 'gone');
  assert.equal(only('gone')[0].identity, undefined);
  assert.notEqual(only('gone')[0].session, only('dregs_init')[0].session);
});

test('a stub that the page kept, and calls before a late init', async () => {
  await page.goto(`${server.origin}/no-init`);
  await page.waitForFunction(() => window.dregs.isReady);
  await page.evaluate((stub) => {
    const real = window.dregs;
    real.track('early');
    window.dregs = undefined;
    new Function(stub)();
    const kept = window.dregs;
    window.dregs = real;
    kept('init', { key: 'pk_test' });
    kept('track', 'kept');
  }, STUB);
  await server.until(has('kept'), 'kept');
  assert.equal(only('early').length, 1);
});

test('in-page navigation is a page view, once for each address', async () => {
  await open('/plain');
  await page.evaluate(() => {
    history.pushState({}, '', '/orders?token=abc');
    history.replaceState({ a: 1 }, '', '/orders?token=abc');
    history.replaceState({}, '', '/orders/7');
    history.back();
  });
  await server.until(
    (events) => events.filter((e) => e.type === 'page_view').length === 4,
    'views',
  );
  const views = only('page_view').map(({ url, data }) => [
    url.replace(server.origin, ''),
    data.navigation,
  ]);
  assert.deepEqual(views, [
    ['/plain', 'load'],
    ['/orders?token=-', 'push'],
    ['/orders/7', 'replace'],
    ['/plain', 'pop'],
  ]);
  assert.equal(only('page_view')[2].referrer, `${server.origin}/orders?token=-`);
});

test('a form submission tells names and timing, never values', async () => {
  await open('/plain');
  await page.click('[name=email]');
  await page.keyboard.type('ada@secret.example', { delay: 5 });
  await page.evaluate(() => {
    document.querySelector('[name=password]').value = 'hunter2hunter2';
  });
  await page.click('#go');
  await server.until(has('form_submit'), 'form_submit');
  const [{ data }] = only('form_submit');
  assert.equal(data.form, 'signup');
  assert.equal(data.action, `${server.origin}/blank`);
  assert.deepEqual(
    data.fields.map(({ name }) => name),
    ['email', 'password'],
  );
  const [email, password] = data.fields;
  assert.equal(email.keys, 18);
  assert.equal(email.filledWithoutKeys, false);
  assert.equal(password.filledWithoutKeys, true);
  const everything = JSON.stringify(server.requests);
  for (const value of ['secret.example', 'hunter2', 'hidden-value']) {
    assert.ok(!everything.includes(value), value);
  }
});

test('the interaction summary shows a synthetic hand', async () => {
  await open('/plain');
  await page.click('[name=email]');
  await page.keyboard.type('ABCabc');
  const protocol = await context.newCDPSession(page);
  const press = { x: 300, y: 300, button: 'left', clickCount: 1 };
  await protocol.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...press });
  await protocol.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...press });
  await page.evaluate(() => {
    window.scrollTo(0, 500);
    document.querySelector('#go').click();
  });
  await server.until(has('interaction'), 'interaction');
  const [{ data }] = only('interaction');
  assert.equal(data.pointer.clicks, 3);
  assert.equal(data.pointer.untrusted, 1);
  assert.ok(data.pointer.exactCentre >= 1);
  assert.equal(data.pointer.zeroPressure, 1);
  assert.ok(data.pointer.withoutApproach >= 1);
  assert.equal(data.keyboard.downs, 6);
  assert.equal(data.keyboard.capitalsWithoutShift, 3);
  assert.ok(data.keyboard.fastKeys >= 1);
  assert.ok(data.keyboard.gap.n === 5);
  assert.ok(!JSON.stringify(data).includes('KeyA'));
});

test('what is waiting leaves with the page', async () => {
  await open('/plain');
  await page.evaluate(() => {
    window.dregs('track', 'leaving', { text: 'x' });
    location.href = '/blank';
  });
  await page.waitForURL('**/blank');
  await server.until(has('leaving'), 'leaving');
  const request = server.requests.find(({ events }) => events.some((e) => e.type === 'leaving'));
  assert.equal(request.headers.authorization, 'Bearer pk_test');
});

test('a beacon carries what is waiting where keepalive is unknown', async () => {
  await open('/beacon');
  await page.evaluate(() => {
    window.dregs('track', 'leaving');
    location.href = '/blank';
  });
  await page.waitForURL('**/blank');
  await server.until(has('leaving'), 'leaving');
  const request = server.requests.find(({ events }) => events.some((e) => e.type === 'leaving'));
  assert.equal(request.query, '?key=pk_test');
  assert.match(request.headers['content-type'], /^text\/plain/);
});

test('another origin: events go where the script came from', async () => {
  await open('/cross');
  assert.equal(server.requests[0].headers.host, new URL(server.otherOrigin).host);
  await page.evaluate(() => {
    window.dregs('track', 'leaving');
    location.href = '/blank';
  });
  await page.waitForURL('**/blank');
  await server.until(has('leaving'), 'leaving');
});

test('a refused batch is tried again after the time the server names', async () => {
  server.refuse(503, { 'Retry-After': '1' });
  await open('/queued');
  const [refused, accepted] = server.requests;
  assert.equal(refused.status, 503);
  assert.deepEqual(
    accepted.events.slice(0, refused.events.length).map(({ id }) => id),
    refused.events.map(({ id }) => id),
  );
  assert.ok(accepted.at - refused.at >= 950);
});

test('a request that can never succeed is given up', async () => {
  server.refuse(400);
  await page.goto(`${server.origin}/anonymous`);
  while (server.requests.length === 0) await page.waitForTimeout(50);
  await page.evaluate(() => window.dregs('track', 'next'));
  await server.until(has('next'), 'next');
  assert.deepEqual(only('dregs_init'), []);
});

test('global privacy control: only explicit calls, without the device', async () => {
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });
  });
  await page.goto(`${server.origin}/queued`);
  await server.until(has('second'), 'second');
  await page.mouse.click(50, 50);
  await page.waitForTimeout(800);
  assert.deepEqual(
    server.events().map(({ type }) => type),
    ['identify', 'first', 'second'],
  );
  assert.ok(server.events().every((event) => event.device === undefined));
});

test('global privacy control: an event without an owner waits for one', async () => {
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });
  });
  await page.goto(`${server.origin}/anonymous`);
  await page.waitForFunction(() => window.dregs.isReady);
  await page.evaluate(() => window.dregs('track', 'ownerless'));
  await page.waitForTimeout(600);
  assert.deepEqual(server.events(), []);
  await page.evaluate(() => window.dregs('identify', 'u1'));
  await server.until(has('identify'), 'identify');
  assert.deepEqual(only('ownerless')[0].identity, { id: 'u1' });
});

test('opting out stops everything and is remembered', async () => {
  await open('/plain');
  await page.evaluate(() => {
    window.dregs('track', 'unsent');
    window.dregs.optOut();
    window.dregs('track', 'unsent');
    history.pushState({}, '', '/elsewhere');
  });
  await page.waitForTimeout(800);
  await page.goto(`${server.origin}/queued`);
  await page.waitForTimeout(1_200);
  const types = server.events().map(({ type }) => type);
  assert.deepEqual([...new Set(types)].sort(), ['dregs_init', 'page_view']);
  assert.equal(only('page_view').length, 1);
  await page.evaluate(() => window.dregs.optOut(false));
  await open('/plain');
});

test('nothing reaches the page when everything goes wrong', async () => {
  await open('/hostile');
  await page.evaluate(() => {
    const cyclic = {};
    cyclic.self = cyclic;
    window.dregs();
    window.dregs('nonsense');
    window.dregs('constructor', 1);
    window.dregs('init');
    window.dregs('track');
    window.dregs('track', Symbol('s'), cyclic);
    window.dregs('track', 'cyclic', cyclic);
    window.dregs('identify', {}, cyclic);
    window.dregs('identify', 'x'.repeat(300));
    window.dispatchEvent(new Event('keydown'));
    window.dispatchEvent(new Event('pointerdown'));
    document.dispatchEvent(new Event('submit'));
  });
  await server.until(has('cyclic'), 'cyclic');
  assert.deepEqual(only('cyclic')[0].data, {});
  assert.deepEqual(only('identify'), []);
  assert.deepEqual(faults, []);
  const { signals } = only('dregs_init')[0].device;
  assert.equal(signals.canvas, null);
  assert.ok(signals.automation.tampered.includes('getContext'));
});
