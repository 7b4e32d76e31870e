// The queue, and verdicts.
import assert from 'node:assert/strict';
import { settled } from '../browser.mjs';
import { until } from '../server.mjs';
import { MARKUP } from '../world.mjs';

export function casework(step) {
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
      await page.waitForFunction(
        () => document.activeElement?.getAttribute('aria-rowindex') === '2',
      );
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
}
