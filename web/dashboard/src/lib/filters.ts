/** Filters of the identities, as the address bar has them. The names are the API's own. */
import { CATEGORIES, type Category } from '../api/types';

export type Text = Record<string, string | undefined>;

export const IDENTITY_SORTS = [
  'updatedAt',
  'createdAt',
  'lastTrackedAt',
  'lastScoredAt',
  'humanityScore',
  'authenticityScore',
  'uniquenessScore',
  'behaviorScore',
  'displayName',
  'displayEmail',
  'displayUsername',
  'id',
] as const;
export type IdentitySort = (typeof IDENTITY_SORTS)[number];

/** What analysts found; any of it, or nothing. */
export const LABEL_FILTERS = [
  'any',
  'none',
  'LEGITIMATE',
  'BOT',
  'FAKE_DATA',
  'MULTI_ACCOUNT',
  'ACCOUNT_TAKEOVER',
  'PAYMENT_FRAUD',
  'PROMO_ABUSE',
  'REFERRAL_FRAUD',
  'SPAM',
  'SCRAPING',
  'OTHER',
] as const;
export type LabelFilter = (typeof LABEL_FILTERS)[number];

export interface IdentityFilters {
  term?: string;
  badge?: string;
  label?: LabelFilter;
  group?: string;
  groupType?: string;
  device?: string;
  disregarded?: boolean;
  minHumanity?: number;
  maxHumanity?: number;
  minAuthenticity?: number;
  maxAuthenticity?: number;
  minUniqueness?: number;
  maxUniqueness?: number;
  minBehavior?: number;
  maxBehavior?: number;
  sort?: IdentitySort;
  order?: 'ASC' | 'DESC';
}

/** More than an id or an attribute can be. */
const TEXT_CHARS_MAX = 512;

function text(value: string | undefined): string | undefined {
  const trimmed = value?.slice(0, TEXT_CHARS_MAX);
  return trimmed ? trimmed : undefined;
}

function score(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,3}$/.test(value)) return undefined;
  return Math.min(100, Number(value));
}

function known<T extends string>(value: string | undefined, all: readonly T[]): T | undefined {
  return all.find((one) => one === value);
}

export function capitalized(
  category: Category,
): 'Humanity' | 'Authenticity' | 'Uniqueness' | 'Behavior' {
  const name = category.charAt(0) + category.slice(1).toLowerCase();
  return name as ReturnType<typeof capitalized>;
}

/** Whatever stands in the address bar, what is left is valid. */
export function readFilters(search: Text): IdentityFilters {
  const filters: IdentityFilters = {
    term: text(search.term),
    badge: text(search.badge),
    label: known(search.label, LABEL_FILTERS),
    group: text(search.group),
    groupType: text(search.groupType),
    device: text(search.device),
    disregarded:
      search.disregarded === 'true' ? true : search.disregarded === 'false' ? false : undefined,
    sort: known(search.sort, IDENTITY_SORTS),
    order: known(search.order, ['ASC', 'DESC'] as const),
  };
  for (const category of CATEGORIES) {
    const [min, max] = rangeKeys(category);
    filters[min] = score(search[min]);
    filters[max] = score(search[max]);
  }
  return without(filters);
}

export function rangeKeys(category: Category) {
  const name = capitalized(category);
  return [`min${name}`, `max${name}`] as const;
}

/** Without what is not set, and without ends of a range that leave nothing out. */
export function without(filters: IdentityFilters): IdentityFilters {
  const kept = Object.entries(filters).filter(([key, value]) => {
    if (value === undefined || value === '') return false;
    if (key.startsWith('min') && value === 0) return false;
    return !(key.startsWith('max') && value === 100);
  });
  return Object.fromEntries(kept) as IdentityFilters;
}

/** How many filters narrow the list; order is none. */
export function narrowing(filters: IdentityFilters): number {
  return Object.keys(without(filters)).filter((key) => key !== 'sort' && key !== 'order').length;
}

/** `?a=b` as texts, and back. Repeated names keep their last value. */
export function parseSearch(search: string): Text {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).filter(([, value]) => {
    return value !== undefined && value !== null && value !== '';
  });
  const text = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return text ? `?${text}` : '';
}
