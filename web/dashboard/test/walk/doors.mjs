// The ways in.
import assert from 'node:assert/strict';
import { axe, NARROW, profile } from '../browser.mjs';

export function password(step) {
  step('a wrong password is told, the right one leads in', async ({ page, server }) => {
    await page.goto(server.origin);
    await page.getByLabel('E-mail').fill(server.keys.email);
    await page.getByLabel('Password').fill('wrong password');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('E-mail or password is wrong.').waitFor();
    await page.getByLabel('Password').fill(server.keys.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Welcome to Dregs' }).waitFor();
  });
}

export function singleSignOn(step) {
  step(
    'single sign-on is offered where there is a provider, and a refusal is told in plain words',
    async ({ browser, server }) => {
      for (const options of [{}, { viewport: NARROW, colorScheme: 'dark' }]) {
        const { context, page } = await profile(browser, options);
        const methods = {
          password: true,
          singleSignOn: { button: 'Log in at work', logoutUrl: 'https://id.example/end' },
        };
        await page.route('**/api/auth/methods', (route) => route.fulfill({ json: methods }));
        const refused = { status: 403, message: 'nobody here has your e-mail address' };
        await page.route('**/api/auth/sso', (route) =>
          route.fulfill({ status: 403, json: refused }),
        );
        await page.goto(server.origin);
        await page.getByRole('button', { name: 'Log in at work' }).waitFor();
        assert.deepEqual(await axe(page), []);
        await page.goto(`${server.origin}/sign-in?code=a&state=b`);
        await page.getByText(refused.message).waitFor();
        assert.deepEqual(await axe(page), []);
        assert.equal(new URL(page.url()).search, '', 'the code stays in no history');
        methods.password = false;
        await page.getByRole('link', { name: 'Back to the log-in page' }).click();
        await page.goto(server.origin);
        await page.getByRole('button', { name: 'Log in at work' }).waitFor();
        assert.equal(await page.getByLabel('Password').count(), 0);
        await context.close();
      }
    },
  );
}
