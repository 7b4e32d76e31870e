/** How often a rule may be wrong before it is paused, and what it says when it was. */
import { moment } from '../lib/format';
import { texts } from '../texts';
import { Button } from './Button';
import { Input } from './Field';
import { useAct } from './useAct';

/** `null` is no budget: the rule is never paused. */
export function BudgetInput({
  share,
  onChange,
}: {
  share: number | null;
  onChange: (share: number | null) => void;
}) {
  return (
    <Input
      label={texts.budget.label}
      hint={texts.budget.hint}
      type="number"
      min={0}
      max={100}
      step={0.1}
      className="w-28"
      value={share === null ? '' : Math.round(share * 1000) / 10}
      onChange={(event) => {
        const typed = event.target.value;
        onChange(typed === '' ? null : Math.min(100, Math.max(0, Number(typed))) / 100);
      }}
    />
  );
}

interface Budgeted {
  pausedAt?: string | null;
  pausedReason?: string | null;
}

/** Since when and why, with the way back. Nothing while the rule works. */
export function Paused({
  rule,
  resume,
  touches,
  write,
}: {
  rule: Budgeted;
  resume: () => Promise<unknown>;
  touches: string[];
  write: boolean;
}) {
  const act = useAct({ act: resume, done: () => texts.budget.resumed, touches });
  if (!rule.pausedAt) return null;
  return (
    <p className="flex w-full flex-wrap items-center justify-between gap-3 rounded-lg bg-poor-wash px-3 py-2 text-poor">
      <span className="said">
        {texts.budget.since} {moment(rule.pausedAt)}
        {rule.pausedReason && `: ${rule.pausedReason}`}
      </span>
      {write && (
        <Button small disabled={act.isPending} onClick={() => act.mutate()}>
          {texts.budget.resume}
        </Button>
      )}
    </p>
  );
}
