// The team, its agents, and oneself.
import assert from 'node:assert/strict';
import { profile, settled, signIn } from '../browser.mjs';
import { until } from '../server.mjs';

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

export function people(step) {
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
}
