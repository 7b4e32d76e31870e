/** The form of a rule: what badge and escalation rules have in common, around what is a kind's own. */
import { type ReactNode, useState } from 'react';
import type { Condition } from '../api/types';
import { asBefore } from '../lib/before';
import { isComplete, ofType } from '../lib/conditions';
import { texts } from '../texts';
import { Backtest } from './Backtest';
import { BudgetInput } from './Budget';
import { Conditions } from './Conditions';
import { DialogForm } from './DialogForm';
import { Input } from './Field';
import { RulePreview } from './RulePreview';
import { useAct } from './useAct';

interface Wanted {
  name: string;
  conditions: Condition[];
  falsePositiveBudget: number | null;
}

interface Rule {
  name: string;
  conditions: Condition[];
  falsePositiveBudget?: number | null;
}

export function RuleForm<Timing extends object, Own extends object>({
  of,
  rule,
  stored,
  make,
  nameCharsMax,
  types,
  timing,
  own,
  beside,
  budgeted,
  touches,
  save,
  onClose,
  children,
}: {
  of: 'badge' | 'escalation';
  /** The one to change, and its slug or id; another is made when absent. */
  rule?: Rule & Partial<Timing & Own>;
  stored?: string;
  /** The title when one is made. */
  make: string;
  nameCharsMax: number;
  /** Of its conditions. */
  types: readonly string[];
  /** What besides the conditions changes when it fires. */
  timing: Timing;
  /** What else it has. */
  own: Own;
  /** Fields beside the name. */
  beside: ReactNode;
  /** It can be wrong about somebody. */
  budgeted: boolean;
  touches: string[];
  save: (wanted: Partial<Wanted & Timing & Own>) => Promise<unknown>;
  onClose: () => void;
  /** Fields under the conditions. */
  children: ReactNode;
}) {
  const [name, setName] = useState(rule?.name ?? '');
  const [conditions, setConditions] = useState(rule?.conditions ?? [ofType('SCORE_LT')]);
  const [budget, setBudget] = useState(rule?.falsePositiveBudget ?? null);
  const falsePositiveBudget = budgeted ? budget : null;
  const wanted = { name: name.trim(), conditions, falsePositiveBudget, ...timing, ...own };
  const complete = conditions.every(isComplete);
  const draft = { conditions, ...timing };
  const act = useAct({
    act: () => save(wanted),
    done: () => texts.rules.saved,
    undo: rule && (() => save(asBefore(rule, wanted) as Partial<typeof wanted>)),
    touches,
    after: onClose,
  });
  return (
    <DialogForm
      title={rule ? texts.rules.changeOf(rule.name) : make}
      onClose={onClose}
      wide
      act={texts.common.save}
      blocked={act.isPending || !wanted.name || !complete}
      onAct={() => act.mutate()}
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-[1fr_auto]">
        <Input
          label={texts.rules.name}
          required
          maxLength={nameCharsMax}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {beside}
      </div>
      <Conditions conditions={conditions} types={types} onChange={setConditions} />
      {children}
      {budgeted && <BudgetInput share={budget} onChange={setBudget} />}
      <RulePreview of={of} conditions={conditions} />
      {complete && <Backtest key={JSON.stringify(draft)} of={of} stored={stored} draft={draft} />}
    </DialogForm>
  );
}
