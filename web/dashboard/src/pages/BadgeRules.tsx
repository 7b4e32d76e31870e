/** Rules that give badges. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, body } from '../api/client';
import type { BadgeRule, Condition } from '../api/types';
import { afterwards, BADGE_RULE_TYPES, inWords, isComplete, ofType } from '../lib/conditions';
import { Backtest, BacktestDialog } from '../parts/Backtest';
import { BadgeChip, Tag } from '../parts/Badges';
import { BudgetInput, Paused } from '../parts/Budget';
import { Button } from '../parts/Button';
import { Conditions, Preview, Span } from '../parts/Conditions';
import { Confirm, Dialog, useOpen } from '../parts/Dialog';
import { Field, Input, Select } from '../parts/Field';
import { Page, Panel } from '../parts/Page';
import { Empty, Fetched } from '../parts/States';
import { useAct } from '../parts/useAct';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';

const NAME_CHARS_MAX = 50;
const TYPES = ['BAD', 'GOOD', 'NEUTRAL'] as const;
const TOUCHES = ['badge-rules', 'identities', 'identity'];

const set = (slug: string, change: Partial<BadgeRule> & { paused?: boolean }) =>
  body(api.PATCH('/badge-rules/{slug}', { params: { path: { slug } }, body: change }));

export default function BadgeRules() {
  const { write, work } = useRights();
  const [making, open, close] = useOpen();
  const query = useQuery({
    queryKey: ['badge-rules'],
    queryFn: ({ signal }) => body(api.GET('/badge-rules', { signal })),
  });
  return (
    <Page
      title={texts.badgeRules.title}
      lead={texts.badgeRules.lead}
      actions={
        write && (
          <Button look="main" onClick={open}>
            {texts.rules.make}
          </Button>
        )
      }
    >
      <Panel>
        <Fetched query={query}>
          {(rules) =>
            rules.length === 0 ? (
              <Empty title={texts.rules.none}>{texts.badgeRules.noneHint}</Empty>
            ) : (
              <ul>
                {rules.map((rule) => (
                  <Row key={rule.slug} rule={rule} write={write} work={work} />
                ))}
              </ul>
            )
          }
        </Fetched>
      </Panel>
      {making && <Form onClose={close} />}
    </Page>
  );
}

function Row({ rule, write, work }: { rule: BadgeRule; write: boolean; work: boolean }) {
  const [editing, edit, stop] = useOpen();
  const [deleting, ask, close] = useOpen();
  const [trying, tryOut, stopTrying] = useOpen();
  const { slug } = rule;
  const enable = useAct({
    act: (enabled: boolean) => set(slug, { enabled }),
    done: (enabled) => (enabled ? texts.rules.enabled : texts.rules.disabled),
    undo: (enabled) => set(slug, { enabled: !enabled }),
    touches: TOUCHES,
  });
  const remove = useAct({
    act: () => body(api.DELETE('/badge-rules/{slug}', { params: { path: { slug } } })),
    done: () => texts.rules.deleted,
    touches: TOUCHES,
    after: close,
  });
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="w-56">
        <BadgeChip badge={{ name: rule.name, type: rule.type, explanation: slug }} />{' '}
        {!rule.enabled && <Tag look="warning">{texts.rules.off}</Tag>}
        {rule.pausedAt && <Tag look="warning">{texts.budget.paused}</Tag>}
      </div>
      <div className="min-w-56 flex-1">
        <p className="said">{rule.conditions.map(inWords).join(texts.rules.and)}</p>
        <p className="text-xs text-soft">
          {texts.badgeRules.delays(
            afterwards(rule.applyDelaySeconds),
            afterwards(rule.removeDelaySeconds),
            rule.priority,
          )}
          {rule.falsePositiveBudget != null && texts.budget.is(rule.falsePositiveBudget)}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        <Link to="/identities" search={{ badge: slug }} className="link self-center text-sm">
          {texts.badgeRules.holders}
        </Link>
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
            <Button small look="danger" onClick={ask}>
              {texts.rules.delete}
            </Button>
          </>
        )}
      </div>
      <Paused
        rule={rule}
        resume={() => set(slug, { paused: false })}
        touches={TOUCHES}
        write={write}
      />
      {trying && <BacktestDialog of="badge" stored={slug} name={rule.name} onClose={stopTrying} />}
      {editing && <Form rule={rule} onClose={stop} />}
      {deleting && (
        <Confirm
          title={texts.rules.askDelete(rule.name)}
          act={texts.rules.delete}
          look="danger"
          busy={remove.isPending}
          onAct={() => remove.mutate()}
          onClose={close}
        >
          <p>{texts.badgeRules.deleteHint}</p>
        </Confirm>
      )}
    </li>
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
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }
  return (
    <Dialog
      title={rule ? texts.rules.changeOf(rule.name) : texts.badgeRules.make}
      onClose={onClose}
      wide
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-[1fr_auto_100px]">
          <Input
            label={texts.rules.name}
            required
            maxLength={NAME_CHARS_MAX}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <Field label={texts.badgeRules.type}>
            {() => (
              <Select
                label={texts.badgeRules.type}
                value={type}
                options={TYPES.map((one) => [one, texts.badgeRules.types[one]] as const)}
                onChange={setType}
              />
            )}
          </Field>
          <Input
            label={texts.badgeRules.priority}
            type="number"
            value={priority}
            onChange={(event) => setPriority(Math.round(Number(event.target.value)))}
          />
        </div>
        <Conditions conditions={conditions} types={BADGE_RULE_TYPES} onChange={setConditions} />
        <div className="grid gap-4 sm:grid-cols-2">
          <Delay label={texts.badgeRules.apply} seconds={apply} onChange={setApply} />
          <Delay label={texts.badgeRules.remove} seconds={remove} onChange={setRemove} />
        </div>
        {type === 'BAD' && <BudgetInput share={budget} onChange={setBudget} />}
        <Preview of="badge" conditions={conditions} />
        {conditions.every(isComplete) && (
          <Backtest key={JSON.stringify(draft)} of="badge" stored={rule?.slug} draft={draft} />
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{texts.common.cancel}</Button>
          <Button
            type="submit"
            look="main"
            disabled={save.isPending || !name.trim() || !conditions.every(isComplete)}
          >
            {texts.common.save}
          </Button>
        </div>
      </form>
    </Dialog>
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
