/** The route table. A page is loaded when it is first gone to. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Outlet,
  redirect,
  useLocation,
} from '@tanstack/react-router';
import { parseSearch, stringifySearch, type Text } from './lib/filters';
import { LogIn } from './pages/LogIn';
import { Broken } from './parts/Boundary';
import { Page } from './parts/Page';
import { Shell } from './parts/Shell';
import { Empty, Loading } from './parts/States';
import { Toasts } from './parts/Toasts';
import { useToken } from './session';
import { texts } from './texts';

/** Where a link leads that works without signing in. */
const OPEN = ['/invitation', '/reset-password', '/sign-in'];

function Root() {
  const token = useToken();
  const { pathname } = useLocation();
  return (
    <>
      {OPEN.includes(pathname) ? <Outlet /> : token ? <Shell key={token} /> : <LogIn />}
      <Toasts />
    </>
  );
}

const root = createRootRoute({
  validateSearch: (search: Record<string, unknown>) => search as Text,
  component: Root,
  notFoundComponent: () => (
    <Page title={texts.errors.noPage}>
      <Empty title={texts.errors.noPageHint}>
        <Link to="/" className="link">
          {texts.nav.home}
        </Link>
      </Empty>
    </Page>
  ),
});

// biome-ignore lint/suspicious/noExplicitAny: the component of any page
function page<Path extends string>(path: Path, load: () => Promise<any>) {
  return createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load, 'default'),
  });
}

/** Where links lead that agents and messages were given under another name. */
function moved(path: string, to: string) {
  return createRoute({
    getParentRoute: () => root,
    path,
    beforeLoad: () => {
      throw redirect({ to, replace: true });
    },
  });
}

const tree = root.addChildren([
  page('/', () => import('./pages/Home')),
  page('/identities', () => import('./pages/Identities')),
  page('/identities/$id', () => import('./pages/Identity')),
  page('/rings', () => import('./pages/Rings')),
  page('/rings/$id', () => import('./pages/Ring')),
  page('/devices', () => import('./pages/Devices')),
  page('/devices/$fingerprint', () => import('./pages/Device')),
  page('/events', () => import('./pages/Events')),
  page('/events/$id', () => import('./pages/Event')),
  page('/escalations', () => import('./pages/Escalations')),
  page('/escalations/$id', () => import('./pages/Escalation')),
  page('/reports/calibration', () => import('./pages/Calibration')),
  page('/erasures/$id', () => import('./pages/Erasure')),
  page('/settings', () => import('./pages/Settings')),
  page('/settings/account', () => import('./pages/Account')),
  page('/settings/badge-rules', () => import('./pages/BadgeRules')),
  page('/settings/escalation-rules', () => import('./pages/EscalationRules')),
  page('/settings/escalation-rules/$id', () => import('./pages/RuleComparison')),
  page('/settings/channels', () => import('./pages/Channels')),
  page('/settings/mappings', () => import('./pages/Mappings')),
  page('/settings/credentials', () => import('./pages/Credentials')),
  page('/settings/team', () => import('./pages/Team')),
  page('/settings/agents', () => import('./pages/Agents')),
  page('/settings/audit-log', () => import('./pages/AuditLog')),
  page('/settings/datasets', () => import('./pages/Datasets')),
  page('/settings/datasets/$slug', () => import('./pages/Entries')),
  page('/settings/retention', () => import('./pages/DataRetention')),
  page('/settings/system', () => import('./pages/System')),
  page('/invitation', () => import('./pages/Invitation')),
  moved('/groups', '/identities'),
  moved('/settings/badges', '/settings/badge-rules'),
  moved('/settings/notifications', '/settings/channels'),
  page('/reset-password', () => import('./pages/ResetPassword')),
  page('/sign-in', () => import('./pages/SignIn')),
]);

export const router = createRouter({
  routeTree: tree,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: () => <Loading className="p-8" />,
  defaultErrorComponent: ({ error }) => <Broken error={error} />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
