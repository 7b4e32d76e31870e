import type { Badge } from '../api/types';
import { texts } from '../texts';
import { Said } from './Said';

const LOOKS: Record<string, [string, string]> = {
  BAD: ['bg-critical-wash text-critical', '▲'],
  GOOD: ['bg-good-wash text-good', '✓'],
  NEUTRAL: ['bg-sunken text-soft', '●'],
};
/** As many as fit a row of a table. */
const SHOWN_MAX = 2;

export function BadgeChip({ badge }: { badge: Pick<Badge, 'name' | 'type' | 'explanation'> }) {
  const [look, sign] = LOOKS[badge.type] ?? ['bg-sunken text-soft', '●'];
  return (
    <span
      title={badge.explanation}
      className={`inline-flex max-w-56 min-w-0 items-center gap-1 truncate rounded-full px-2 py-0.5 text-xs font-medium ${look}`}
    >
      <span aria-hidden="true" className="text-[0.6rem]">
        {sign}
      </span>
      <Said max={40} className="truncate">
        {badge.name}
      </Said>
    </span>
  );
}

export function Badges({ badges, all = false }: { badges: Badge[]; all?: boolean }) {
  const shown = all ? badges : badges.slice(0, SHOWN_MAX);
  return (
    <span
      className={`inline-flex max-w-full items-center gap-1 ${all ? 'flex-wrap' : 'overflow-hidden'}`}
      title={all ? undefined : badges.map((badge) => badge.name).join(', ')}
    >
      {shown.map((badge) => (
        <BadgeChip key={badge.slug} badge={badge} />
      ))}
      {shown.length < badges.length && (
        <span className="shrink-0 text-xs text-soft">
          {texts.common.more(badges.length - shown.length)}
        </span>
      )}
    </span>
  );
}

/** A word in a box: statuses, severities. */
export function Tag({ children, look = 'plain' }: { children: string; look?: keyof typeof TAGS }) {
  return (
    <span
      className={`inline-flex rounded px-1.5 py-0.5 text-xs font-medium whitespace-nowrap ${TAGS[look]}`}
    >
      {children}
    </span>
  );
}

const TAGS = {
  plain: 'bg-sunken text-soft',
  accent: 'bg-accent-wash text-accent',
  critical: 'bg-critical-wash text-critical',
  warning: 'bg-poor-wash text-poor',
  info: 'bg-fair-wash text-fair',
  good: 'bg-good-wash text-good',
};

export function SeverityTag({ severity }: { severity: string }) {
  const look = severity === 'CRITICAL' ? 'critical' : severity === 'WARNING' ? 'warning' : 'info';
  const sign = severity === 'CRITICAL' ? '▲▲ ' : severity === 'WARNING' ? '▲ ' : '';
  return <Tag look={look}>{`${sign}${texts.severities[severity] ?? severity}`}</Tag>;
}

const STATUS_LOOKS: Record<string, keyof typeof TAGS> = {
  OPEN: 'accent',
  ACKNOWLEDGED: 'info',
  FAILED: 'critical',
};

export function StatusTag({ status }: { status: string }) {
  const look = STATUS_LOOKS[status] ?? 'plain';
  return <Tag look={look}>{texts.statuses[status] ?? status}</Tag>;
}
