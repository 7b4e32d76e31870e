/** A rule in its list: what it says, and what can be done with it. Badge and escalation rules differ in what is given here. */
import type { ReactNode } from 'react';
import type { Condition } from '../api/types';
import { inWords } from '../lib/conditions';
import { texts } from '../texts';
import { AskButton } from './AskButton';
import { BacktestDialog } from './Backtest';
import { Tag } from './Badges';
import { Paused } from './Budget';
import { Button } from './Button';
import { useOpen } from './Dialog';
import { useAct } from './useAct';
import { useRights } from './useMe';

interface Rule {
  name: string;
  enabled: boolean;
  conditions: Condition[];
  falsePositiveBudget?: number | null;
  pausedAt?: string | null;
  pausedReason?: string | null;
}

export function RuleRow({
  rule,
  of,
  stored,
  sign,
  tags,
  about,
  links,
  touches,
  deleteHint,
  set,
  remove,
  form,
}: {
  rule: Rule;
  of: 'badge' | 'escalation';
  /** Its slug or its id. */
  stored: string;
  /** What it is called, as it is shown where it fires. */
  sign: ReactNode;
  tags?: ReactNode;
  /** When it comes and goes, and whom it tells. */
  about: ReactNode;
  links: ReactNode;
  touches: string[];
  deleteHint: string;
  set: (change: { enabled?: boolean; paused?: boolean }) => Promise<unknown>;
  remove: () => Promise<unknown>;
  form: (onClose: () => void) => ReactNode;
}) {
  const { write, work } = useRights();
  const [editing, edit, stop] = useOpen();
  const [trying, tryOut, stopTrying] = useOpen();
  const enable = useAct({
    act: (enabled: boolean) => set({ enabled }),
    done: (enabled) => (enabled ? texts.rules.enabled : texts.rules.disabled),
    undo: (enabled) => set({ enabled: !enabled }),
    touches,
  });
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="flex w-64 flex-wrap items-center gap-2">
        {sign}
        {!rule.enabled && <Tag look="warning">{texts.rules.off}</Tag>}
        {tags}
        {rule.pausedAt && <Tag look="warning">{texts.budget.paused}</Tag>}
      </div>
      <div className="min-w-56 flex-1">
        <p className="said">{rule.conditions.map(inWords).join(texts.rules.and)}</p>
        <p className="said text-xs text-soft">
          {about}
          {rule.falsePositiveBudget != null && texts.budget.is(rule.falsePositiveBudget)}
        </p>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        {links}
        {work && (
          <Button small onClick={tryOut}>
            {texts.backtest.act}
          </Button>
        )}
        {write && (
          <>
            <Button small onClick={edit}>
              {texts.rules.change}
            </Button>
            <Button small onClick={() => enable.mutate(!rule.enabled)}>
              {rule.enabled ? texts.rules.switchOff : texts.rules.switchOn}
            </Button>
            <AskButton
              label={texts.rules.delete}
              title={texts.rules.askDelete(rule.name)}
              hint={deleteHint}
              act={remove}
              done={() => texts.rules.deleted}
              touches={touches}
            />
          </>
        )}
      </div>
      <Paused rule={rule} resume={() => set({ paused: false })} touches={touches} write={write} />
      {trying && <BacktestDialog of={of} stored={stored} name={rule.name} onClose={stopTrying} />}
      {editing && form(stop)}
    </li>
  );
}
