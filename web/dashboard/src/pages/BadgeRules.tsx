/** Rules that give badges. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { BadgeRule, Condition } from '../api/types';
import { afterwards, BADGE_RULE_TYPES, isComplete, ofType } from '../lib/conditions';
import { Backtest } from '../parts/Backtest';
import { BadgeChip } from '../parts/Badges';
import { BudgetInput } from '../parts/Budget';
import { Conditions, Preview, Span } from '../parts/Conditions';
import { DialogForm } from '../parts/DialogForm';
import { Input, SelectField } from '../parts/Field';
import { RuleRow } from '../parts/RuleRow';
import { RulesPage } from '../parts/RulesPage';
import { useAct } from '../parts/useAct';
import { texts } from '../texts';

const NAME_CHARS_MAX = 50;
const TYPES = ['BAD', 'GOOD', 'NEUTRAL'] as const;
const TOUCHES = ['badge-rules', 'identities', 'identity'];

const set = (slug: string, change: Partial<BadgeRule> & { paused?: boolean }) =>
  body(api.PATCH('/badge-rules/{slug}', { params: { path: { slug } }, body: change }));

export default function BadgeRules() {
  const query = useQuery({
    queryKey: ['badge-rules'],
    queryFn: ({ signal }) => body(api.GET('/badge-rules', { signal })),
  });
  return (
    <RulesPage
      title={texts.badgeRules.title}
      lead={texts.badgeRules.lead}
      noneHint={texts.badgeRules.noneHint}
      query={query}
      row={(rule) => <Row key={rule.slug} rule={rule} />}
      form={(onClose) => <Form onClose={onClose} />}
    />
  );
}

function Row({ rule }: { rule: BadgeRule }) {
  const { slug } = rule;
  return (
    <RuleRow
      rule={rule}
      of="badge"
      stored={slug}
      sign={<BadgeChip badge={{ name: rule.name, type: rule.type, explanation: slug }} />}
      about={texts.badgeRules.delays(
        afterwards(rule.applyDelaySeconds),
        afterwards(rule.removeDelaySeconds),
        rule.priority,
      )}
      links={
        <Link to="/identities" search={{ badge: slug }} className="link text-sm">
          {texts.badgeRules.holders}
        </Link>
      }
      touches={TOUCHES}
      deleteHint={texts.badgeRules.deleteHint}
      set={(change) => set(slug, change)}
      remove={() => body(api.DELETE('/badge-rules/{slug}', { params: { path: { slug } } }))}
      form={(onClose) => <Form rule={rule} onClose={onClose} />}
    />
  );
}

function Form({ rule, onClose }: { rule?: BadgeRule; onClose: () => void }) {
  const [name, setName] = useState(rule?.name ?? '');
  const [type, setType] = useState<string>(rule?.type ?? 'BAD');
  const [priority, setPriority] = useState(rule?.priority ?? 0);
  const [conditions, setConditions] = useState<Condition[]>(
    rule?.conditions ?? [ofType('SCORE_LT')],
  );
  const [apply, setApply] = useState(rule?.applyDelaySeconds ?? 0);
  const [remove, setRemove] = useState(rule?.removeDelaySeconds ?? 600);
  const [budget, setBudget] = useState(rule?.falsePositiveBudget ?? null);
  const wanted = {
    name: name.trim(),
    type,
    priority,
    conditions,
    applyDelaySeconds: apply,
    removeDelaySeconds: remove,
    // Others cannot be wrong about anybody.
    falsePositiveBudget: type === 'BAD' ? budget : null,
  };
  // A name that is not chosen yet, and what does not change when it fires, are left out.
  const draft = {
    conditions,
    applyDelaySeconds: apply,
    removeDelaySeconds: remove,
  };
  const save = useAct({
    act: () => (rule ? set(rule.slug, wanted) : body(api.POST('/badge-rules', { body: wanted }))),
    done: () => texts.rules.saved,
    undo: rule && (() => set(rule.slug, before(rule))),
    touches: TOUCHES,
    after: onClose,
  });
  return (
    <DialogForm
      title={rule ? texts.rules.changeOf(rule.name) : texts.badgeRules.make}
      onClose={onClose}
      wide
      act={texts.common.save}
      blocked={save.isPending || !name.trim() || !conditions.every(isComplete)}
      onAct={() => save.mutate()}
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-[1fr_auto_100px]">
        <Input
          label={texts.rules.name}
          required
          maxLength={NAME_CHARS_MAX}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <SelectField
          label={texts.badgeRules.type}
          value={type}
          options={TYPES.map((one) => [one, texts.badgeRules.types[one]] as const)}
          onChange={setType}
        />
        <Input
          label={texts.badgeRules.priority}
          type="number"
          value={priority}
          onChange={(event) => setPriority(Math.round(Number(event.target.value)))}
        />
      </div>
      <Conditions conditions={conditions} types={BADGE_RULE_TYPES} onChange={setConditions} />
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Delay label={texts.badgeRules.apply} seconds={apply} onChange={setApply} />
        <Delay label={texts.badgeRules.remove} seconds={remove} onChange={setRemove} />
      </div>
      {type === 'BAD' && <BudgetInput share={budget} onChange={setBudget} />}
      <Preview of="badge" conditions={conditions} />
      {conditions.every(isComplete) && (
        <Backtest key={JSON.stringify(draft)} of="badge" stored={rule?.slug} draft={draft} />
      )}
    </DialogForm>
  );
}

/** What a change is taken back to. */
function before({
  name,
  type,
  priority,
  conditions,
  applyDelaySeconds,
  removeDelaySeconds,
  falsePositiveBudget,
}: BadgeRule) {
  return {
    name,
    type,
    priority,
    conditions,
    applyDelaySeconds,
    removeDelaySeconds,
    falsePositiveBudget,
  };
}

export function Delay({
  label,
  seconds,
  onChange,
}: {
  label: string;
  seconds: number;
  onChange: (seconds: number) => void;
}) {
  return (
    <div className="flex flex-col gap-1">
      <span className="text-sm font-medium" aria-hidden="true">
        {label}
      </span>
      <Span label={label} seconds={seconds} onChange={onChange} />
    </div>
  );
}
