// Rules, and how right they and the scores are.
import assert from 'node:assert/strict';
import { settled } from '../browser.mjs';
import { until } from '../server.mjs';

export function rules(step) {
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
      await server.call('PUT', `/identities/${encodeURIComponent(id)}/label`, {
        kind: 'LEGITIMATE',
      });
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
}
