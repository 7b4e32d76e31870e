/** Rules that call people. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, body } from '../api/client';
import { channelsQuery, escalationRulesQuery } from '../api/queries';
import type { EscalationRule } from '../api/types';
import { afterwards, ESCALATION_RULE_TYPES } from '../lib/conditions';
import { localMinute, moment } from '../lib/format';
import { SeverityTag, Tag } from '../parts/Badges';
import { Delay } from '../parts/Conditions';
import { Check, Input, SelectField } from '../parts/Field';
import { RuleForm } from '../parts/RuleForm';
import { RuleRow } from '../parts/RuleRow';
import { RulesPage } from '../parts/RulesPage';
import { texts } from '../texts';

const NAME_CHARS_MAX = 100;
const SEVERITIES = ['CRITICAL', 'WARNING', 'INFO'] as const;
const TOUCHES = ['escalation-rules', 'escalations'];
/** A week: long enough that nothing flaps. */
const CLOSE_AFTER_SECONDS = 604_800;

const set = (id: string, change: Partial<EscalationRule> & { paused?: boolean }) =>
  body(api.PATCH('/escalation-rules/{id}', { params: { path: { id } }, body: change }));

export default function EscalationRules() {
  const query = useQuery(escalationRulesQuery);
  return (
    <RulesPage
      title={texts.escalationRules.title}
      lead={texts.escalationRules.lead}
      noneHint={texts.escalationRules.noneHint}
      query={query}
      row={(rule) => <Row key={rule.id} rule={rule} />}
      form={(onClose) => <Form onClose={onClose} />}
    />
  );
}

function Row({ rule }: { rule: EscalationRule }) {
  const { id } = rule;
  return (
    <RuleRow
      rule={rule}
      of="escalation"
      stored={id}
      sign={
        <>
          <SeverityTag severity={rule.severity} />
          <span className="said font-medium">{rule.name}</span>
        </>
      }
      tags={
        <>
          {rule.shadow && <Tag>{texts.escalations.shadow}</Tag>}
          {rule.silenced && <Tag look="warning">{texts.escalationRules.silenced}</Tag>}
        </>
      }
      about={<About rule={rule} />}
      links={
        <>
          <Link
            to="/escalations"
            search={{ rule: id, ...(rule.shadow ? { shadow: 'true' } : {}) }}
            className="link text-sm"
          >
            {texts.nav.escalations}
          </Link>
          <Link to="/settings/escalation-rules/$id" params={{ id }} className="link text-sm">
            {texts.shadowing.compare}
          </Link>
        </>
      }
      touches={TOUCHES}
      deleteHint={texts.escalationRules.deleteHint}
      set={(change) => set(id, change)}
      remove={() => body(api.DELETE('/escalation-rules/{id}', { params: { path: { id } } }))}
      form={(onClose) => <Form rule={rule} onClose={onClose} />}
    />
  );
}

function About({ rule }: { rule: EscalationRule }) {
  return (
    <>
      {texts.escalationRules.delays(
        afterwards(rule.openAfterSeconds),
        rule.closeAfterSeconds == null ? null : afterwards(rule.closeAfterSeconds),
      )}{' '}
      {rule.channels.length > 0
        ? texts.escalationRules.tells(rule.channels.join(', '))
        : texts.escalationRules.tellsNobody}
      {Date.parse(rule.effectiveAt) > Date.now() && (
        <>
          ; {texts.shadowing.from} {moment(rule.effectiveAt)}
        </>
      )}
    </>
  );
}

function Form({ rule, onClose }: { rule?: EscalationRule; onClose: () => void }) {
  const [severity, setSeverity] = useState<string>(rule?.severity ?? 'WARNING');
  const [openAfter, setOpenAfter] = useState(rule?.openAfterSeconds ?? 60);
  const [closes, setCloses] = useState(rule ? rule.closeAfterSeconds != null : true);
  const [closeAfter, setCloseAfter] = useState(rule?.closeAfterSeconds ?? CLOSE_AFTER_SECONDS);
  const [channels, setChannels] = useState(rule?.channels ?? []);
  const [shadow, setShadow] = useState(rule?.shadow ?? false);
  const startsAt = rule ? localMinute(rule.effectiveAt) : '';
  const [effective, setEffective] = useState(startsAt);
  // Left as it was, it keeps the seconds that the field does not show.
  const start =
    effective === startsAt
      ? {}
      : { effectiveAt: (effective ? new Date(effective) : new Date()).toISOString() };
  return (
    <RuleForm
      of="escalation"
      rule={rule}
      stored={rule?.id}
      make={texts.escalationRules.make}
      nameCharsMax={NAME_CHARS_MAX}
      types={ESCALATION_RULE_TYPES}
      timing={{ openAfterSeconds: openAfter, closeAfterSeconds: closes ? closeAfter : null }}
      own={{ severity, channels, shadow, ...start }}
      budgeted
      touches={TOUCHES}
      save={(wanted) =>
        rule ? set(rule.id, wanted) : body(api.POST('/escalation-rules', { body: wanted }))
      }
      onClose={onClose}
      beside={
        <SelectField
          label={texts.escalations.severity}
          value={severity}
          options={SEVERITIES.map((one) => [one, texts.severities[one] ?? one] as const)}
          onChange={setSeverity}
        />
      }
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Delay
          label={texts.escalationRules.openAfter}
          seconds={openAfter}
          onChange={setOpenAfter}
        />
        <div className="flex flex-col gap-2">
          <Check checked={closes} onChange={setCloses}>
            {texts.escalationRules.closes}
          </Check>
          {closes && (
            <Delay
              label={texts.escalationRules.closeAfter}
              seconds={closeAfter}
              onChange={setCloseAfter}
            />
          )}
        </div>
      </div>
      <ChannelChoice chosen={channels} onChange={setChannels} />
      <Input
        label={texts.shadowing.effective}
        hint={texts.shadowing.effectiveHint}
        type="datetime-local"
        value={effective}
        onChange={(event) => setEffective(event.target.value)}
      />
      <Check checked={shadow} onChange={setShadow}>
        {texts.escalationRules.shadow}
      </Check>
    </RuleForm>
  );
}

function ChannelChoice({
  chosen,
  onChange,
}: {
  chosen: string[];
  onChange: (slugs: string[]) => void;
}) {
  const { data } = useQuery(channelsQuery);
  if (!data || data.length === 0)
    return <p className="text-sm text-soft">{texts.escalationRules.noChannels}</p>;
  return (
    <fieldset className="flex flex-wrap gap-x-5 gap-y-2">
      <legend className="mb-1 text-sm font-medium">{texts.escalationRules.channels}</legend>
      {data.map((channel) => (
        <Check
          key={channel.slug}
          checked={chosen.includes(channel.slug)}
          onChange={(on) =>
            onChange(
              on ? [...chosen, channel.slug] : chosen.filter((slug) => slug !== channel.slug),
            )
          }
        >
          {channel.name}
        </Check>
      ))}
    </fieldset>
  );
}
