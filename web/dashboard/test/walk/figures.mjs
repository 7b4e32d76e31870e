// Home, and whom its figures and lists lead to.
import assert from 'node:assert/strict';
import { settled } from '../browser.mjs';
import { until } from '../server.mjs';

export function figures(step) {
  step('home shows figures: a bar leads to whoever is in it', async ({ page, server }) => {
    await page.goto(server.origin);
    await settled(page);
    await page.getByText('in the 24 h before').first().waitFor();
    await page.getByRole('button', { name: '24 hours' }).click();
    await page.waitForURL(/period=24h/);
    await page.locator('.uplot').waitFor();
    await page.getByRole('button', { name: 'People' }).click();
    await page.waitForURL(/show=people/);
    await page.getByText('As a table').click();
    await page.getByRole('columnheader', { name: 'Active' }).waitFor();
    const chart = page.getByRole('region', { name: 'Humanity, in steps of five points' });
    await chart.getByRole('link').first().focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.waitForURL(/identities\?minHumanity=95/);
    const within = await server.call('GET', '/identities?minHumanity=95&pageSize=1');
    await page.getByText(`${within.totalElements} identit`).first().waitFor();
  });

  step('an abuser is found from home, and why is told', async ({ page, server }) => {
    await until(
      'a ring',
      async () => (await server.call('GET', '/rings?minSize=3')).totalElements > 0,
    );
    await page.goto(server.origin);
    await page.getByRole('button', { name: 'Uniqueness' }).click();
    await settled(page);
    const panel = page.locator('section', {
      has: page.getByRole('heading', { name: 'Lowest scores' }),
    });
    await panel.getByRole('link').first().click();
    await page.getByText('Very suspicious:').waitFor();
    await settled(page);
    assert(
      await page
        .getByText(/other accounts? (are|is) probably of the same person/)
        .first()
        .isVisible(),
    );
    await page.getByText('Details').first().click();
    await page.getByText('0 suspicious, 1 legitimate').first().waitFor();
    await page.getByRole('button', { name: /^Uniqueness/ }).click();
    await page.waitForURL(/category=UNIQUENESS/);
  });

  step('the ring is seen, as a picture and as a list', async ({ page, server }) => {
    const ring = (await server.call('GET', '/rings?sort=size&order=DESC')).content[0];
    await page.goto(`${server.origin}/rings`);
    await page
      .getByRole('link', { name: `Ring of ${ring.size} accounts` })
      .first()
      .click();
    await page.locator('canvas').waitFor();
    await settled(page);
    await page.getByRole('heading', { name: 'What holds it together' }).waitFor();
  });

  step('two people are parted: consequences first, then undone', async ({ page, server }) => {
    const ring = (await server.call('GET', '/rings?sort=size&order=DESC')).content[0];
    const { members } = await server.call('GET', `/rings/${ring.id}`);
    const id = encodeURIComponent(members[0].id);
    await page.goto(`${server.origin}/identities/${id}?tab=related`);
    await settled(page);
    const list = page.locator('section', {
      has: page.getByRole('heading', { name: 'Related identities' }),
    });
    await list.getByRole('button', { name: 'Evidence' }).first().click();
    await page.getByText('Any two accounts, to begin with').waitFor();
    const part = list.getByRole('button', { name: 'Not the same person' }).first();
    await part.click();
    const dialog = page.getByRole('dialog');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert(
      await part.evaluate((button) => button === document.activeElement),
      'a dialog gives the focus back',
    );
    await page.keyboard.press('Enter');
    await dialog.getByText('Links between them').waitFor();
    assert.equal(
      (await server.call('GET', `/link-decisions?identity=${id}`)).totalElements,
      0,
      'a look changes nothing',
    );
    await dialog.getByLabel('Why (optional)').fill('brothers');
    await dialog.getByRole('button', { name: 'Not the same person' }).click();
    await page.getByText('Decided: not the same person.').waitFor();
    await page.getByRole('heading', { name: 'Decided', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await until(
      'taken back',
      async () => (await server.call('GET', `/link-decisions?identity=${id}`)).totalElements === 0,
    );
    await page
      .getByRole('heading', { name: 'Decided', exact: true })
      .waitFor({ state: 'detached' });
  });

  step('the history is drawn, and two analyses compared', async ({ page, server }) => {
    const [who] = (await server.call('GET', '/identities?sort=uniquenessScore&order=ASC')).content;
    await page.goto(`${server.origin}/identities/${encodeURIComponent(who.id)}?tab=history`);
    await page.locator('.uplot').waitFor();
    await page.getByRole('heading', { name: 'Compare two analyses' }).waitFor();
  });
}
