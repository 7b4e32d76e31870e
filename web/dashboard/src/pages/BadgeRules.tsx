/** Rules that give badges. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body } from '../api/client';
import { badgeRulesQuery } from '../api/queries';
import type { BadgeRule } from '../api/types';
import { afterwards, BADGE_RULE_TYPES } from '../lib/conditions';
import { BadgeChip } from '../parts/Badges';
import { Delay } from '../parts/Conditions';
import { Input, SelectField } from '../parts/Field';
import { RuleForm } from '../parts/RuleForm';
import { RuleRow } from '../parts/RuleRow';
import { RulesPage } from '../parts/RulesPage';
import { texts } from '../texts';

const NAME_CHARS_MAX = 50;
const TYPES = ['BAD', 'GOOD', 'NEUTRAL'] as const;
const TOUCHES = ['badge-rules', 'identities', 'identity'];

const set = (slug: string, change: Partial<BadgeRule> & { paused?: boolean }) =>
  body(api.PATCH('/badge-rules/{slug}', { params: { path: { slug } }, body: change }));

export default function BadgeRules() {
  const query = useQuery(badgeRulesQuery);
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
  const [type, setType] = useState<string>(rule?.type ?? 'BAD');
  const [priority, setPriority] = useState(rule?.priority ?? 0);
  const [apply, setApply] = useState(rule?.applyDelaySeconds ?? 0);
  const [remove, setRemove] = useState(rule?.removeDelaySeconds ?? 600);
  return (
    <RuleForm
      of="badge"
      rule={rule}
      stored={rule?.slug}
      make={texts.badgeRules.make}
      nameCharsMax={NAME_CHARS_MAX}
      types={BADGE_RULE_TYPES}
      timing={{ applyDelaySeconds: apply, removeDelaySeconds: remove }}
      own={{ type, priority }}
      // Others cannot be wrong about anybody.
      budgeted={type === 'BAD'}
      touches={TOUCHES}
      save={(wanted) =>
        rule ? set(rule.slug, wanted) : body(api.POST('/badge-rules', { body: wanted }))
      }
      onClose={onClose}
      beside={
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-[auto_100px]">
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
      }
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Delay label={texts.badgeRules.apply} seconds={apply} onChange={setApply} />
        <Delay label={texts.badgeRules.remove} seconds={remove} onChange={setRemove} />
      </div>
    </RuleForm>
  );
}
