// Chromium with what every look at the dashboard needs: signing in, complaints of the page, axe.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const hasChromium = () => existsSync(CHROMIUM);
export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ARGS });

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

/** Of the page about an identity. */
export const TABS = [
  'why',
  'related',
  'history',
  'events',
  'devices',
  'addresses',
  'data',
  'reviews',
  'label',
];

/** A fresh profile; `complaints` gathers console errors, exceptions, dialogs and refusals of the page's policy. */
export async function profile(browser, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  // The page's policy allows no script from elsewhere; axe comes in before it holds.
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`exception: ${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`refused by policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return { context, page, complaints };
}

export async function signIn(page, origin, { email, password }, path = '/') {
  await page.goto(origin + path);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page
    .getByRole('navigation', { name: 'Pages' })
    .or(page.getByRole('button', { name: 'Menu' }))
    .first()
    .waitFor();
}

/** Nothing is being loaded and nothing pretends to be there. */
export async function settled(page) {
  await page.waitForFunction(
    () =>
      document.querySelector('main h1') &&
      !document.querySelector('.skeleton, main [role=status], [aria-busy=true]'),
    null,
    { timeout: 15_000 },
  );
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))),
  );
}

/** What does not fit: a page that scrolls sideways, words that are cut off where nothing says so. */
export const misfits = (page) =>
  page.evaluate(() => {
    const found = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`${wide} px too wide`);
    for (const side of document.querySelectorAll('aside > div'))
      if (side.scrollWidth > side.clientWidth) found.push('the side bar is too narrow');
    for (const one of document.querySelectorAll(
      'main :is(h1,h2,h3,p,dt,dd,th,td,button,label,legend,fieldset,option,summary,[role=columnheader])',
    )) {
      const { overflowX, textOverflow, display } = getComputedStyle(one);
      const box = one.getBoundingClientRect();
      // Words for those who cannot see stand in a box of one pixel.
      if (display === 'none' || box.width < 2) continue;
      const said = overflowX === 'visible' || textOverflow === 'ellipsis';
      if (!said && one.scrollWidth > one.clientWidth + 1)
        found.push(`cut off: ${one.tagName.toLowerCase()} ${one.textContent.trim().slice(0, 60)}`);
      if (one.tagName === 'BUTTON' && (box.right > innerWidth + 1 || box.left < -1)) {
        const scrolls = one.closest('[role=tablist],[role=grid],.overflow-x-auto,.overflow-auto');
        if (!scrolls) found.push(`out of sight: ${one.textContent.trim().slice(0, 60)}`);
      }
    }
    return found;
  });

/** What axe finds serious, as lines. */
export async function axe(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }),
  );
  return found.violations
    .filter((violation) => ['serious', 'critical'].includes(violation.impact))
    .map((violation) => {
      const nodes = violation.nodes
        .slice(0, 4)
        .map((node) => `${node.target} ${node.html.slice(0, 140)} ${node.any[0]?.message ?? ''}`);
      return `${violation.id} (${violation.impact}): ${violation.help}\n    ${nodes.join('\n    ')}`;
    });
}
