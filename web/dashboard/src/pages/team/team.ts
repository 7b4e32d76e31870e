/** What the parts of the page of the team share. */
import { texts } from '../../texts';

const ROLES = ['VIEWER', 'USER', 'ADMIN'] as const;
export type Role = (typeof ROLES)[number];
export const roleOptions = ROLES.map((role) => [role, texts.roles[role] ?? role] as const);

export const TOUCHES = ['team', 'me'];
