// Where notifications go.
import assert from 'node:assert/strict';
import { settled } from '../browser.mjs';

export function channels(step) {
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
}
