// Somebody's first minutes: a password, a snippet, one event with curl, and a page that moves on by itself.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { until } from '../server.mjs';
import { seed } from '../world.mjs';

const SEEN_MS = 20_000;

export function newcomer(step) {
  step(
    'the first run is followed with what it shows, without a reload',
    async ({ page, server }) => {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      const steps = page.getByRole('listitem');
      const copied = async (label) => {
        await page.getByRole('button', { name: `Copy: ${label}` }).click();
        return page.evaluate(() => navigator.clipboard.readText());
      };
      const snippet = await copied('Into your pages');
      assert(snippet.includes(server.keys.publicKey) && snippet.includes('/dregs.js'), snippet);
      await page.getByText('Waiting. This page notices by itself.').waitFor();
      await page.evaluate(() => {
        window.stayed = true;
      });
      const command = await copied('Or from a server, with the secret key');
      const { stdout } = await promisify(execFile)('sh', ['-c', command], {
        env: { ...process.env, DREGS_SECRET_KEY: server.keys.secretKey },
      });
      assert.equal(JSON.parse(stdout).status, 'success');
      await page.getByRole('heading', { name: 'Lowest scores' }).waitFor({ timeout: SEEN_MS });
      await page.getByRole('link', { name: 'Ada Lovelace' }).first().waitFor();
      assert.equal(await steps.filter({ hasText: 'The first event arrives' }).count(), 0);
      assert(await page.evaluate(() => window.stayed), 'the page was not loaded again');
      // Whom the walk meets has this name too.
      await server.call('DELETE', '/identities/user-1');
      await until(
        'gone',
        async () => (await server.call('GET', '/identities')).totalElements === 0,
      );
      await seed(server);
      await page.getByRole('heading', { name: 'Lowest scores' }).waitFor({ timeout: SEEN_MS });
    },
  );
}
