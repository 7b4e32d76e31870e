// What goes, and who is told.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { settled } from '../browser.mjs';
import { until } from '../server.mjs';

export function privacy(step) {
  step('what would go is shown before it goes', async ({ page, server }) => {
    await page.goto(`${server.origin}/settings/retention`);
    await settled(page);
    await page.getByLabel('Events: days').fill('1');
    await page.getByText(/\d would go now/).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('does not come back').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await server.call('GET', '/retention')).eventsDays, null);
    await page.getByLabel('Events: days').fill('');
    await page.getByLabel('Deliveries: days').fill('30');
    await until('looked at', () => page.getByRole('button', { name: 'Save' }).isEnabled());
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. What is older').waitFor();
    assert.equal((await server.call('GET', '/retention')).deliveriesDays, 30);
  });

  step('somebody gets their data, and is erased', async ({ page, server }) => {
    const id = 'hostile-zalgo';
    await page.goto(`${server.origin}/identities/${id}?tab=data`);
    await settled(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export', exact: true }).click(),
    ]);
    const document = JSON.parse(readFileSync(await download.path(), 'utf8'));
    assert.equal(document.identityId, id);
    assert(document.events.length > 0);
    await page.getByRole('button', { name: 'Erase…' }).click();
    const dialog = page.getByRole('dialog');
    const act = dialog.getByRole('button', { name: 'Erase' });
    await dialog.getByLabel('Type its id to confirm').fill('hostile');
    assert(await act.isDisabled(), 'only the whole id confirms');
    await dialog.getByLabel('Type its id to confirm').fill(id);
    await act.click();
    await page.waitForURL(/erasures/);
    await page.getByText('Nothing that was held of them is left.').waitFor();
    await page.goto(`${server.origin}/identities?term=${id}`);
    await page.getByText('0 identities found').waitFor();
  });
}
