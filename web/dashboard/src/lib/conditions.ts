/** Conditions of rules: what kinds there are, when one is complete, and what it says in words. */
import type { Condition } from '../api/types';
import { texts } from '../texts';

export const SCORE_TYPES = ['SCORE_LT', 'SCORE_LTE', 'SCORE_GT', 'SCORE_GTE'] as const;
export const BADGE_RULE_TYPES = [...SCORE_TYPES, 'IDENTITY_AGE_GT'] as const;
export const ESCALATION_RULE_TYPES = [
  ...SCORE_TYPES,
  'IDENTITY_AGE_GT',
  'IDENTITY_AGE_LT',
  'BADGE_EXISTS',
  'BADGE_NOT_EXISTS',
] as const;

/** As the API has it. */
export const CONDITIONS_MAX = 10;

/** A condition of that kind, with what was said before where it still applies. */
export function ofType(type: string, before?: Condition): Condition {
  if (type.startsWith('SCORE')) {
    return { type, category: before?.category ?? 'HUMANITY', threshold: before?.threshold ?? 25 };
  }
  if (type.startsWith('IDENTITY_AGE')) return { type, seconds: before?.seconds ?? 86_400 };
  return { type, badge: before?.badge ?? '' };
}

export function isComplete(condition: Condition): boolean {
  if (condition.type.startsWith('SCORE')) {
    const { threshold } = condition;
    return Boolean(condition.category) && threshold != null && threshold >= 0 && threshold <= 100;
  }
  if (condition.type.startsWith('IDENTITY_AGE')) return (condition.seconds ?? -1) >= 0;
  return Boolean(condition.badge);
}

export const UNITS = [
  ['days', 86_400],
  ['hours', 3_600],
  ['minutes', 60],
  ['seconds', 1],
] as const;
export type Unit = (typeof UNITS)[number][0];

/** The largest unit in which it is a whole number. */
export function inUnits(seconds: number): { count: number; unit: Unit } {
  for (const [unit, size] of UNITS) {
    if (seconds !== 0 && seconds % size === 0) return { count: seconds / size, unit };
  }
  return { count: 0, unit: 'minutes' };
}

export function inSeconds(count: number, unit: Unit): number {
  const size = UNITS.find(([name]) => name === unit)?.[1] ?? 1;
  return Math.max(0, Math.round(count)) * size;
}

export function span(seconds: number): string {
  const { count, unit } = inUnits(seconds);
  return texts.rules.span(count, unit);
}

/** "after 10 minutes", "at once". */
export function afterwards(seconds: number): string {
  return texts.rules.after(seconds, span(seconds));
}

/** "Humanity is below 25". */
export function inWords(condition: Condition): string {
  const { type } = condition;
  if (type.startsWith('SCORE')) {
    const category = condition.category ?? '';
    return texts.rules.score(
      texts.rules.category[category] ?? category,
      texts.rules.comparison[type] ?? type,
      condition.threshold ?? 0,
    );
  }
  if (type.startsWith('IDENTITY_AGE')) {
    return texts.rules.age(type.endsWith('GT'), span(condition.seconds ?? 0));
  }
  return texts.rules.badge(type === 'BADGE_EXISTS', condition.badge ?? '');
}
