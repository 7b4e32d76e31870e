/** What the side bar lists, in this order. `key` follows `g`. A page without a role is for everybody. */
import { texts } from './texts';

export interface Place {
  to: string;
  label: string;
  key: string;
  /** Who may see it; everybody when absent. */
  role?: 'ADMIN';
}

export const PLACES: Place[] = [
  { to: '/', label: texts.nav.home, key: 'h' },
  { to: '/identities', label: texts.nav.identities, key: 'i' },
  { to: '/rings', label: texts.nav.rings, key: 'r' },
  { to: '/devices', label: texts.nav.devices, key: 'd' },
  { to: '/events', label: texts.nav.events, key: 'e' },
  { to: '/escalations', label: texts.nav.escalations, key: 'a' },
  { to: '/reports/calibration', label: texts.calibration.title, key: 'c' },
  { to: '/settings', label: texts.nav.settings, key: 's' },
];

/** Pages under /settings, in this order. */
export const SETTINGS: { to: string; label: string; about: string; role?: 'ADMIN' }[] = [
  { to: '/settings/account', label: texts.nav.account, about: texts.account.about },
  { to: '/settings/badge-rules', label: texts.nav.badgeRules, about: texts.badgeRules.about },
  {
    to: '/settings/escalation-rules',
    label: texts.nav.escalationRules,
    about: texts.escalationRules.about,
  },
  { to: '/settings/channels', label: texts.nav.channels, about: texts.channels.about },
  { to: '/settings/mappings', label: texts.nav.mappings, about: texts.mappings.about },
  {
    to: '/settings/credentials',
    label: texts.nav.credentials,
    about: texts.credentials.about,
    role: 'ADMIN',
  },
  { to: '/settings/team', label: texts.team.title, about: texts.team.about },
  { to: '/settings/agents', label: texts.agents.title, about: texts.agents.about },
  { to: '/settings/datasets', label: texts.datasets.title, about: texts.datasets.about },
  { to: '/settings/retention', label: texts.retention.title, about: texts.retention.about },
  {
    to: '/settings/audit-log',
    label: texts.audit.title,
    about: texts.audit.about,
    role: 'ADMIN',
  },
  { to: '/settings/system', label: texts.system.title, about: texts.system.about },
];

/** The places that a page lies under, the widest first. */
export function above(pathname: string): { to: string; label: string }[] {
  return [...PLACES, ...SETTINGS].filter(
    ({ to }) => to !== '/' && pathname.startsWith(`${to}/`) && pathname !== to,
  );
}
