// Opens pages in Chromium and says, one JSON line each, what happened. Reads commands from standard input, one JSON line
// each: {"open": url}, {"run": "script"}, {"type": {selector: text}}, {"click": selector}, {"leave": url}, {"close": true}.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
// What a page says as it closes belongs to no test.
const report = (speaker) => (said) => speaker === page && say(said);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
let context;
let page;

const commands = {
  // A fresh profile each time.
  async open(url) {
    page = undefined;
    await context?.close();
    say({ closed: true });
    context = await browser.newContext();
    // Everything that is tested is on this machine, and speaks plain HTTP.
    await context.route(/^https:/, (route) => route.abort());
    page = await context.newPage();
    const tell = report(page);
    page.on('pageerror', (error) => tell({ pageError: String(error) }));
    page.on('dialog', (dialog) => {
      tell({ dialog: dialog.message() });
      dialog.dismiss();
    });
    page.on('console', (message) => message.type() === 'error' && tell({ consoleError: message.text() }));
    page.on('response', async (response) => {
      if (response.request().method() === 'POST' && response.url().includes('/api/')) {
        const body = await response.text().catch(() => null);
        tell({ posted: response.url(), status: response.status(), answer: body });
      }
    });
    await page.goto(url, { waitUntil: 'load' });
    // When the page had loaded, by its own clock.
    const loaded = await page.evaluate(() => performance.timeOrigin + performance.timing.loadEventStart - performance.timing.navigationStart);
    say({ loaded });
  },
  async run(script) {
    say({ result: await page.evaluate(script) });
  },
  async type(fields) {
    for (const [selector, text] of Object.entries(fields)) {
      await page.click(selector);
      await page.keyboard.type(text, { delay: 5 });
    }
    say({ typed: true });
  },
  async click(selector) {
    await page.click(selector);
    say({ clicked: true });
  },
  async leave(url) {
    await page.goto(url);
    say({ left: true });
  },
  async close() {
    await browser.close();
    process.exit(0);
  },
};

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  for (const [name, argument] of Object.entries(JSON.parse(line))) {
    try {
      await commands[name](argument);
    } catch (error) {
      say({ failed: `${name}: ${error}` });
    }
  }
}
await browser.close();
process.exit(0);
