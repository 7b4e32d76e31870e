// Pages follow what happens, and reasons lead to events.
import assert from 'node:assert/strict';
import { settled } from '../browser.mjs';
import { until } from '../server.mjs';

export function live(step) {
  step('pages follow what happens, and hold still under the hand', async ({ page, server }) => {
    await page.goto(`${server.origin}/identities`);
    await settled(page);
    await page.getByRole('complementary').getByText('Live', { exact: true }).waitFor();
    const seen = (id) => server.call('POST', '/events', { type: 'login', identity: { id } });
    await page.mouse.move(5, 5);
    await page.evaluate(() => document.activeElement?.blur());
    await seen('live-first');
    await page.getByRole('row', { name: 'live-first' }).waitFor();
    const row = page.getByRole('row', { name: 'live-first' });
    const place = await row.getAttribute('aria-rowindex');
    await row.hover();
    await seen('live-second');
    const show = page.getByRole('button', { name: /: show$/ });
    await show.waitFor();
    assert.equal(await row.getAttribute('aria-rowindex'), place, 'the row has not moved');
    assert.equal(await page.getByRole('row', { name: 'live-second' }).count(), 0);
    await show.click();
    await page.getByRole('row', { name: 'live-second' }).waitFor();
  });

  step('events follow along until they are paused', async ({ page, server }) => {
    const seen = (id) =>
      server.call('POST', '/events', { id, type: id, identity: { id: 'live-first' } });
    await page.goto(`${server.origin}/events`);
    await settled(page);
    await page.mouse.move(5, 5);
    await seen('tail.one');
    await page.getByRole('link', { name: 'tail.one' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await seen('tail.two');
    await page.getByRole('button', { name: /more: show$/ }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'tail.two' }).count(), 0);
    await page.getByRole('button', { name: 'Follow along' }).click();
    await page.getByRole('link', { name: 'tail.two' }).waitFor();
  });

  step('a reason leads to its events, and an event to its reasons', async ({ page, server }) => {
    const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
    const failed = Array.from({ length: 12 }, (_, n) => ({
      type: 'login_failed',
      identity: { id: 'guessed' },
      timestamp: ago(600 - n),
    }));
    const later = Array.from({ length: 70 }, (_, n) => ({
      type: 'page_view',
      identity: { id: 'guessed' },
      timestamp: ago(400 - n * 5),
    }));
    await server.call('POST', '/events', [...failed, ...later]);
    await until('the run is seen', async () => {
      const analysis = await server.call('GET', '/identities/guessed/analysis').catch(() => null);
      const seen = analysis?.scores.flatMap((score) => score.observations) ?? [];
      return seen.some((one) => one.id === 'behavior.failed-logins' && one.basis?.count === 12);
    });
    await page.goto(`${server.origin}/identities/guessed?category=BEHAVIOR`);
    await settled(page);
    await page.getByRole('button', { name: 'Show the 12 events behind it: Failed logins' }).click();
    await page.waitForURL(/rests=behavior.failed-logins/);
    const marked = page.locator('[data-event][aria-current=true]');
    await marked.first().waitFor();
    assert.equal(await marked.count(), 10, 'the latest ten are marked');
    await page.waitForFunction(() => {
      const { top, bottom } = document
        .querySelector('[data-event][aria-current=true]')
        .getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
    await page.getByText('12 events behind').waitFor();
    assert.equal(await marked.first().getByRole('button', { name: 'Failed logins' }).count(), 1);
    await page.getByRole('button', { name: 'Remove the marks' }).click();
    await page.waitForURL((url) => !url.search.includes('rests'));
    assert.equal(await marked.count(), 0);
  });
}
