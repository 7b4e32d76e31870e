// The dashboard in Chromium against a real server: what an analyst does in a day, with hostile data among the rest.
//
//   DREGS_BIN=target/debug/dregs node web/dashboard/test/walk.mjs
//   DREGS_DIST=1 DREGS_BIN=… node …    with the pages of dist/, for a binary that was built without them
//   DREGS_STEPS='hostile|links' …      only the steps whose names match
//
// Without Chromium it does nothing; in CI that is a failure.
import { CHROMIUM, hasChromium, launch, profile } from './browser.mjs';
import { start } from './server.mjs';
import { casework } from './walk/casework.mjs';
import { channels } from './walk/channels.mjs';
import { data } from './walk/data.mjs';
import { password, singleSignOn } from './walk/doors.mjs';
import { figures } from './walk/figures.mjs';
import { hostile } from './walk/hostile.mjs';
import { identities } from './walk/identities.mjs';
import { layout } from './walk/layout.mjs';
import { links } from './walk/links.mjs';
import { live } from './walk/live.mjs';
import { newcomer } from './walk/newcomer.mjs';
import { people } from './walk/people.mjs';
import { privacy } from './walk/privacy.mjs';
import { roles } from './walk/roles.mjs';
import { rules } from './walk/rules.mjs';

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
// The first two sign in and fill the server; the others can be chosen.
const ALWAYS = 2;
for (const part of [
  password,
  newcomer,
  figures,
  casework,
  live,
  identities,
  rules,
  channels,
  people,
  data,
  hostile,
  privacy,
  singleSignOn,
  roles,
  links,
  layout,
])
  part(step);

const server = await start(binary);
const browser = await launch();
const { page, complaints } = await profile(browser);
page.setDefaultTimeout(SEEN_MS);
let failed = 0;
try {
  const chosen = new RegExp(process.env.DREGS_STEPS ?? '');
  for (const { name, act } of steps.filter((one, at) => at < ALWAYS || chosen.test(one.name))) {
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
