/** Words for what the API names by codes. */
import type { Category } from '../api/types';
import type { Band } from '../lib/bands';

/** A name within a sentence is cut: who chose it may have made it long. */
export const short = (name: string) => name.slice(0, 60);

const bands: Record<Band, string> = {
  critical: 'critical',
  poor: 'poor',
  fair: 'fair',
  good: 'good',
};
const categories: Record<Category, { name: string; short: string; asks: string }> = {
  HUMANITY: { name: 'Humanity', short: 'H', asks: 'Is this a person?' },
  AUTHENTICITY: { name: 'Authenticity', short: 'A', asks: 'Are they who they say?' },
  UNIQUENESS: { name: 'Uniqueness', short: 'U', asks: 'Is it their only account?' },
  BEHAVIOR: { name: 'Behavior', short: 'B', asks: 'Do they act as users do?' },
};
const severities: Record<string, string> = {
  CRITICAL: 'Critical',
  WARNING: 'Warning',
  INFO: 'Info',
};
const statuses: Record<string, string> = {
  PENDING: 'Pending',
  OPEN: 'Open',
  ACKNOWLEDGED: 'Acknowledged',
  CLOSED: 'Closed',
  FINISHED: 'Finished',
  FAILED: 'Failed',
  DELIVERED: 'Delivered',
};
const roles: Record<string, string> = { ADMIN: 'Administrator', USER: 'User', VIEWER: 'Viewer' };
const fates: Record<string, string> = {
  erased: 'Of somebody who was erased',
  invalid: 'Not a valid event',
  malformed_device: 'Device data malformed',
  origin_not_allowed: 'Origin not allowed for the key',
  overloaded: 'Refused while overloaded',
  quota_exceeded: 'Over the monthly limit',
  rate_limited: 'Too many at once',
  unusable_id: 'Unusable event id',
};
const linkTypes: Record<string, string> = {
  SAME_DEVICE: 'Same device',
  SHARED_SESSION: 'Shared session',
  SHARED_IP: 'Shared address',
  SIMILAR_EMAIL: 'Similar contact',
  SIMILAR_NAME: 'Similar name',
  SIMILAR_BEHAVIOR: 'Similar behavior',
  SAME_PERSON: 'Decided: same person',
};

export const terms = {
  bands,
  categories,
  severities,
  statuses,
  roles,
  fates,
  linkTypes,
  scores: { none: 'not scored' },
};
