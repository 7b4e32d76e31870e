// What analyzers know, and what was done.
import { settled } from '../browser.mjs';
import { until } from '../server.mjs';

export function data(step) {
  step('a mapping is added, deleted and brought back', async ({ page, server }) => {
    await page.goto(`${server.origin}/settings/mappings`);
    await settled(page);
    await page.getByRole('button', { name: 'Add a mapping' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your name').fill('acct.opened');
    await dialog.getByLabel('Means').selectOption('REGISTRATION');
    await dialog.getByRole('button', { name: 'Save' }).click();
    const row = page.locator('li', { hasText: 'acct.opened' });
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await row.waitFor();
  });

  step('a name that was seen is mapped with a click, and back', async ({ page, server }) => {
    await server.call('POST', '/events', [
      { type: 'order_completed_now', identity: { id: 'ada@example.com' } },
    ]);
    await until('counted', async () =>
      (await server.call('GET', '/mappings/unmapped')).some(
        (one) => one.name === 'order_completed_now',
      ),
    );
    await page.goto(`${server.origin}/settings/mappings`);
    await settled(page);
    const panel = page.locator('section', {
      has: page.getByRole('heading', { name: 'Seen, and' }),
    });
    const more = panel.getByRole('button', { name: /^Show all/ });
    if (await more.count()) await more.click();
    await panel.getByRole('button', { name: 'Map order_completed_now' }).click();
    await page.getByText('order_completed_now means PURCHASE.').waitFor();
    await panel.getByText('order_completed_now').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await panel.getByText('order_completed_now').waitFor();
  });

  step('a dataset learns an entry, many at once, and forgets one', async ({ page, server }) => {
    await page.goto(`${server.origin}/settings/datasets`);
    await settled(page);
    await page.getByRole('link', { name: 'Disposable e-mail domains' }).click();
    await settled(page);
    await page.getByLabel('Key or note').fill('mailinator.com');
    await page.waitForURL(/term=mailinator/);
    await settled(page);
    await page.getByRole('button', { name: 'Overrule' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Says').selectOption('not');
    await dialog.getByLabel('Note').fill('our testers');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('row').filter({ hasText: 'our testers' }).waitFor();
    await page.getByRole('button', { name: 'Paste many' }).click();
    await dialog.getByLabel('Lines').fill('one.example,weak,seen\ntwo.example\nthree.example,odd');
    await dialog.getByText('Line 3: “odd” is none of').waitFor();
    await dialog.getByLabel('Lines').fill('one.example,weak,seen\ntwo.example');
    await dialog.getByRole('button', { name: 'Import 2 entries' }).click();
    await page.getByText('2 added, 0 changed.').waitFor();
    await page.goto(`${page.url().split('?')[0]}?scope=CUSTOMER`);
    await page.getByText('3 entries').waitFor();
    await page
      .getByRole('row', { name: 'two.example' })
      .getByRole('button', { name: 'Remove' })
      .click();
    await page.getByText('2 entries').waitFor();
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await page.getByText('3 entries').waitFor();
  });

  step('the audit log tells who did it, by filters in the address', async ({ page, server }) => {
    await page.goto(`${server.origin}/settings/audit-log?action=createToken`);
    await page.getByText('1 line, newest first').waitFor();
    await page.getByRole('row', { name: /createToken/ }).click();
    await page.getByRole('dialog').getByText('readOnly').waitFor();
    await page.getByRole('button', { name: `Only this: ${server.keys.email}` }).click();
    await page.waitForURL(/actor=/);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await settled(page);
    await page.getByText('1 line, newest first').waitFor({ state: 'detached' });
  });

  step('the system tells its version and what became of the events', async ({ page, server }) => {
    await page.goto(`${server.origin}/settings/system`);
    await settled(page);
    await page.getByText('Keeps up', { exact: true }).waitFor();
    await page.getByRole('row', { name: /Processed/ }).waitFor();
  });
}
