/** What is around every page: where one is, where one can go, who one is. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { api } from '../api/client';
import { poll } from '../api/live';
import { escalationCountsQuery } from '../api/queries';
import { number } from '../lib/format';
import { PLACES } from '../navigation';
import { endSession } from '../session';
import { texts } from '../texts';
import { setTheme, THEMES, type Theme, useTheme } from '../theme';
import { Boundary } from './Boundary';
import { Button, buttonClass } from './Button';
import { Dialog, useModal } from './Dialog';
import { Select } from './Field';
import { Key } from './Key';
import { useKeys } from './keys';
import { Said } from './Said';
import { TeamChoice } from './TeamChoice';
import { useIsLive, useLive } from './useLive';
import { useMe } from './useMe';

/** How fresh the count of open escalations is. */
const COUNT_POLL_MS = 15_000;

export function Shell() {
  const [menu, setMenu] = useState(false);
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  useLive();
  const jumps = PLACES.map(({ key, to }) => [`g ${key}`, () => navigate({ to })] as const);
  useKeys({
    ...Object.fromEntries(jumps),
    '?': () => setHelp(true),
    '/': () => focusSearch(),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: arriving somewhere closes the menu
  useEffect(() => setMenu(false), [pathname]);
  return (
    <div className="flex min-h-dvh flex-col lg:flex-row">
      <a
        href="#main"
        className="panel sr-only z-50 px-3 py-2 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        {texts.nav.skip}
      </a>
      <header className="sticky top-0 z-30 flex h-12 items-center gap-3 border-b border-line bg-panel px-3 lg:hidden">
        <Button
          look="quiet"
          aria-label={texts.nav.menu}
          aria-expanded={menu}
          onClick={() => setMenu(true)}
        >
          ☰
        </Button>
        <Brand />
      </header>
      <aside className="sticky top-0 hidden h-dvh w-56 shrink-0 border-r border-line bg-panel lg:block">
        <Side onHelp={() => setHelp(true)} />
      </aside>
      {menu && (
        <Drawer onClose={() => setMenu(false)}>
          <Side
            onHelp={() => {
              setMenu(false);
              setHelp(true);
            }}
          />
        </Drawer>
      )}
      <main id="main" tabIndex={-1} className="min-w-0 flex-1 outline-none">
        <Boundary at={pathname}>
          <Outlet />
        </Boundary>
      </main>
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}

/** The page's own search before the one of the side bar. */
function focusSearch() {
  const page = document.querySelector<HTMLInputElement>('main [data-search]');
  const side = document.querySelector<HTMLInputElement>('aside [data-search]');
  (page ?? side)?.focus();
}

function Brand() {
  return (
    <Link to="/" className="flex items-center gap-2 text-base font-semibold">
      <img src="/favicon.svg" alt="" width="22" height="22" />
      Dregs
    </Link>
  );
}

function Side({ onHelp }: { onHelp: () => void }) {
  const me = useMe().data;
  return (
    <div className="flex h-full flex-col gap-3 overflow-y-auto p-3">
      <div className="flex h-9 items-center px-1">
        <Brand />
      </div>
      <QuickSearch />
      <nav aria-label={texts.nav.pages} className="flex flex-col gap-0.5">
        {PLACES.filter((place) => !place.role || place.role === me?.role).map((place) => (
          <Link
            key={place.to}
            to={place.to}
            activeOptions={{ exact: place.to === '/' }}
            activeProps={{
              className: 'bg-accent-wash text-accent font-medium',
              'aria-current': 'page',
            }}
            inactiveProps={{ className: 'hover:bg-sunken' }}
            className="flex h-9 items-center justify-between rounded-lg px-3 lg:h-8"
          >
            {place.label}
            {place.to === '/escalations' && <OpenCount />}
          </Link>
        ))}
      </nav>
      <div className="mt-auto flex flex-col gap-2 border-t border-line pt-3 text-sm">
        <div className="px-1 leading-tight">
          <TeamChoice me={me} />
          <div className="truncate text-xs text-soft">
            <Said max={60}>{me?.email ?? ''}</Said>
          </div>
          {me && <div className="text-xs text-soft">{texts.roles[me.role] ?? me.role}</div>}
        </div>
        <ThemeChoice />
        <LiveSign />
        <div className="grid grid-cols-2 justify-items-start gap-1">
          <a href="/docs/" className={buttonClass('quiet', true)}>
            {texts.nav.manual}
          </a>
          <Button look="quiet" small onClick={onHelp}>
            {texts.nav.keys} <Key>?</Key>
          </Button>
          <LogOut />
        </div>
      </div>
    </div>
  );
}

function QuickSearch() {
  const navigate = useNavigate();
  const [term, setTerm] = useState('');
  function submit(event: FormEvent) {
    event.preventDefault();
    navigate({ to: '/identities', search: term.trim() ? { term: term.trim() } : {} });
    setTerm('');
  }
  return (
    <form onSubmit={submit}>
      <input
        type="search"
        data-search
        className="field w-full"
        aria-label={texts.nav.find}
        placeholder={texts.nav.find}
        maxLength={200}
        value={term}
        onChange={(event) => setTerm(event.target.value)}
      />
    </form>
  );
}

function OpenCount() {
  const { data } = useQuery({
    ...escalationCountsQuery,
    refetchInterval: () => poll(COUNT_POLL_MS),
  });
  if (!data?.open) return null;
  return (
    <span className="rounded-full bg-critical-wash px-1.5 text-xs font-medium text-critical tabular-nums">
      {number(data.open)}
      <span className="sr-only"> {texts.nav.open}</span>
    </span>
  );
}

/** Whether what is shown follows what happens. */
function LiveSign() {
  const live = useIsLive();
  return (
    <p className="px-1 text-xs text-soft" title={live ? texts.live.onHint : texts.live.offHint}>
      <span aria-hidden="true" className={live ? 'text-good' : ''}>
        {live ? '●' : '○'}
      </span>{' '}
      <span>{live ? texts.live.on : texts.live.off}</span>
    </p>
  );
}

function ThemeChoice() {
  const { theme } = useTheme();
  return (
    <Select<Theme>
      label={texts.nav.theme}
      value={theme}
      options={THEMES.map((one) => [one, texts.themes[one]] as const)}
      onChange={setTheme}
    />
  );
}

function LogOut() {
  const client = useQueryClient();
  async function leave() {
    // The token is forgotten here even when the server cannot be told.
    await api.POST('/auth/logout').catch(() => undefined);
    endSession('left');
    client.clear();
  }
  return (
    <Button look="quiet" small onClick={leave}>
      {texts.nav.logOut}
    </Button>
  );
}

function Drawer({ onClose, children }: { onClose: () => void; children: React.ReactNode }) {
  const ref = useModal();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; this is the click beside it
    <dialog
      ref={ref}
      aria-label={texts.nav.menu}
      onCancel={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
      className="m-0 h-dvh max-h-none w-72 max-w-[85vw] border-r border-line bg-panel p-0 lg:hidden"
    >
      {children}
    </dialog>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  const rows = [
    ...PLACES.map(({ key, label }) => [`g ${key}`, texts.keys.go(label)] as const),
    ...texts.keys.list,
  ];
  return (
    <Dialog title={texts.nav.keys} onClose={onClose}>
      <table className="w-full">
        <tbody>
          {rows.map(([keys, does]) => (
            <tr key={keys} className="border-b border-line last:border-0">
              <th scope="row" className="py-1.5 pr-4 text-left font-normal">
                {keys.split(' ').map((key) => (
                  <kbd
                    key={key}
                    className="mr-1 rounded border border-edge bg-sunken px-1.5 font-mono text-xs"
                  >
                    {key}
                  </kbd>
                ))}
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
