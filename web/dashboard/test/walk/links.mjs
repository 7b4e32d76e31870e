// Every link that leaves the system leads to its page, also for whoever has to sign in first.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { profile, settled, signIn } from '../browser.mjs';
import { until } from '../server.mjs';

/** Takes what webhooks bring. */
async function receiver() {
  const got = [];
  const server = createServer((request, answer) => {
    let text = '';
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      got.push(JSON.parse(text));
      answer.writeHead(204).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { got, url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

export function links(step) {
  step('a link in a notification survives signing in', async ({ browser, server }) => {
    const hook = await receiver();
    await server.call('POST', '/channels', {
      name: 'Links',
      type: 'WEBHOOK',
      url: hook.url,
      events: ['IDENTITY_SCORED'],
    });
    const id = 'tenant/7?x=1#y%25 é';
    await server.call('POST', '/events', [{ type: 'login', identity: { id } }]);
    const told = await until('told', () => hook.got.find((one) => one.data.identityId === id));
    await server.call('DELETE', '/channels/links');
    hook.close();
    // The server writes its own address; the pages may come from in front of it.
    const link = told.data.dashboardUrl.replace(/^https?:\/\/[^/]+/, '');
    assert.equal(decodeURIComponent(link), `/identities/${id}`);
    const { context, page, complaints } = await profile(browser);
    await signIn(page, server.origin, server.keys, link);
    await page.getByRole('heading', { level: 1, name: '@SUM(1+1)' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in to Dregs' }).waitFor();
    const kept = await page.evaluate(() => sessionStorage.length + localStorage.length);
    assert.equal(kept, 0, 'nothing is left behind');
    await context.close();
  });

  step('what agents and messages link to is there', async ({ browser, server }) => {
    const ring = (await server.call('GET', '/rings')).content[0];
    const [escalation] = (await server.call('GET', '/escalations')).content;
    const [device] = (await server.call('GET', '/devices')).content;
    const places = {
      [`/escalations/${escalation.id}`]: 'Escalation',
      [`/rings/${ring.id}`]: 'Ring of',
      [`/devices/${device.fingerprint}`]: 'Device',
      '/groups': 'Identities',
      '/settings/badges': 'Badges',
      '/settings/badge-rules': 'Badges',
      '/settings/escalation-rules': 'Escalation rules',
      '/settings/notifications': 'Notifications',
      '/settings/channels': 'Notifications',
      '/settings/datasets': 'Datasets',
      '/settings/mappings': 'Mappings',
    };
    for (const [path, heading] of Object.entries(places)) {
      const { context, page } = await profile(browser);
      await signIn(page, server.origin, server.keys, path);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await settled(page);
      await context.close();
    }
  });
}
