/** What badge and escalation rules did in the period. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { duration, number } from '../../lib/format';
import { Tag } from '../../parts/Badges';
import { Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { Scrolled } from '../../parts/Scrolled';
import { Empty, Fetched } from '../../parts/States';
import { texts } from '../../texts';
import { usePeriod, useRuleActivity } from './figures';

export function RuleActivity() {
  const period = usePeriod();
  const query = useRuleActivity(period);
  return (
    <Panel
      title={texts.overview.rules}
      actions={
        <span className="text-xs text-soft">
          {texts.overview.rulesCaption(texts.overview.periodOf[period] ?? '')}
        </span>
      }
    >
      <Fetched query={query} lines={6}>
        {({ badgeRules, escalationRules }) =>
          badgeRules.length + escalationRules.length === 0 ? (
            <Empty title={texts.overview.noRules}>{texts.overview.noRulesHint}</Empty>
          ) : (
            <div className="flex flex-col">
              {escalationRules.length > 0 && (
                <Grid
                  head={[
                    texts.overview.escalationRule,
                    texts.overview.opened,
                    texts.overview.taken,
                    texts.overview.closed,
                    texts.overview.median,
                  ]}
                  hint={texts.overview.medianHint}
                >
                  {escalationRules.map((rule) => (
                    <Row
                      key={rule.id}
                      name={
                        <Link to="/escalations" search={{ rule: rule.id }} className="link">
                          <Said max={60}>{rule.name ?? rule.id}</Said>
                        </Link>
                      }
                      off={!rule.enabled}
                      note={
                        rule.silentlyOpened > 0 && (
                          <Link
                            to="/escalations"
                            search={{ rule: rule.id, shadow: 'true' }}
                            className="link"
                          >
                            {texts.overview.silently(number(rule.silentlyOpened))}
                          </Link>
                        )
                      }
                      cells={[
                        number(rule.opened),
                        number(rule.acknowledged),
                        number(rule.closed),
                        rule.medianSecondsToAcknowledge == null
                          ? '–'
                          : duration(rule.medianSecondsToAcknowledge * 1000),
                      ]}
                    />
                  ))}
                </Grid>
              )}
              {badgeRules.length > 0 && (
                <Grid head={[texts.overview.badgeRule, texts.overview.given, texts.overview.held]}>
                  {badgeRules.map((rule) => (
                    <Row
                      key={rule.slug}
                      name={
                        <Link to="/identities" search={{ badge: rule.slug }} className="link">
                          <Said max={60}>{rule.name}</Said>
                        </Link>
                      }
                      off={!rule.enabled}
                      cells={[number(rule.given), number(rule.held)]}
                    />
                  ))}
                </Grid>
              )}
            </div>
          )
        }
      </Fetched>
    </Panel>
  );
}

function Grid({ head, hint, children }: { head: string[]; hint?: string; children: ReactNode }) {
  return (
    <Scrolled label={head[0] ?? ''} className="px-4 py-2">
      <table className="w-full text-sm">
        <thead className="text-xs text-soft">
          <tr>
            {head.map((name, place) => (
              <th
                key={name}
                title={place === 4 ? hint : undefined}
                className={`py-1.5 font-medium whitespace-nowrap ${place === 0 ? 'text-left' : 'pl-4 text-right'}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scrolled>
  );
}

function Row({
  name,
  off,
  note,
  cells,
}: {
  name: ReactNode;
  off: boolean;
  note?: ReactNode;
  cells: string[];
}) {
  return (
    <tr className="border-t border-line">
      <th scope="row" className="py-1.5 text-left font-normal">
        {name} {off && <Tag look="warning">{texts.rules.off}</Tag>}{' '}
        {note && <span className="text-xs text-soft">{note}</span>}
      </th>
      {cells.map((cell, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
        <td key={place} className="pl-4 text-right whitespace-nowrap tabular-nums">
          {cell}
        </td>
      ))}
    </tr>
  );
}
