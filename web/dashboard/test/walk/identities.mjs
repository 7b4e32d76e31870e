// Everybody: found, narrowed, acted on, taken away.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { settled } from '../browser.mjs';
import { until } from '../server.mjs';

export function identities(step) {
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
    const left = async () =>
      (await server.call('GET', '/identities?disregarded=true')).totalElements;
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
}
