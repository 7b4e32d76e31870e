/** Builds the conditions of a rule, and shows whom they match while one builds. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { badgeRulesQuery, NAMES_STALE_MS } from '../api/queries';
import { CATEGORIES, type Condition } from '../api/types';
import { CONDITIONS_MAX, inSeconds, inUnits, ofType, UNITS, type Unit } from '../lib/conditions';
import { texts } from '../texts';
import { Button } from './Button';
import { Select } from './Field';

export function Conditions({
  conditions,
  types,
  onChange,
}: {
  conditions: Condition[];
  types: readonly string[];
  onChange: (conditions: Condition[]) => void;
}) {
  const set = (place: number, condition: Condition) =>
    onChange(conditions.map((one, at) => (at === place ? condition : one)));
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">{texts.rules.conditions}</legend>
      {conditions.map((condition, place) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition has no other name than its place
          key={place}
          className="flex flex-wrap items-center gap-2 rounded-lg bg-sunken p-2"
        >
          <Row
            condition={condition}
            types={types}
            place={place}
            onChange={(one) => set(place, one)}
          />
          <Button
            small
            look="quiet"
            className="ml-auto"
            aria-label={texts.rules.removeCondition(place + 1)}
            disabled={conditions.length === 1}
            onClick={() => onChange(conditions.filter((_, at) => at !== place))}
          >
            ✕
          </Button>
        </div>
      ))}
      <div>
        <Button
          small
          disabled={conditions.length >= CONDITIONS_MAX}
          onClick={() => onChange([...conditions, ofType('SCORE_LT')])}
        >
          {texts.rules.addCondition}
        </Button>
      </div>
    </fieldset>
  );
}

function Row({
  condition,
  types,
  place,
  onChange,
}: {
  condition: Condition;
  types: readonly string[];
  place: number;
  onChange: (condition: Condition) => void;
}) {
  const isScore = condition.type.startsWith('SCORE');
  return (
    <>
      {isScore && (
        <Select
          label={texts.rules.scoreOf(place + 1)}
          value={condition.category ?? 'HUMANITY'}
          options={[...CATEGORIES, 'ANY'].map(
            (one) => [one, texts.rules.category[one] ?? one] as const,
          )}
          onChange={(category) => onChange({ ...condition, category })}
        />
      )}
      <Select
        label={texts.rules.kindOf(place + 1)}
        value={condition.type}
        options={types.map((one) => [one, texts.rules.kinds[one] ?? one] as const)}
        onChange={(type) => onChange(ofType(type, condition))}
      />
      {isScore && (
        <input
          type="number"
          min={0}
          max={100}
          required
          aria-label={texts.rules.threshold(place + 1)}
          className="field w-20"
          value={condition.threshold ?? ''}
          onChange={(event) =>
            onChange({
              ...condition,
              threshold: event.target.value === '' ? undefined : Number(event.target.value),
            })
          }
        />
      )}
      {condition.type.startsWith('IDENTITY_AGE') && (
        <Span
          label={texts.rules.ageOf(place + 1)}
          seconds={condition.seconds ?? 0}
          onChange={(seconds) => onChange({ ...condition, seconds })}
        />
      )}
      {condition.type.startsWith('BADGE') && (
        <BadgeField
          label={texts.rules.badgeOf(place + 1)}
          value={condition.badge ?? ''}
          onChange={(badge) => onChange({ ...condition, badge })}
        />
      )}
    </>
  );
}

/** A length of time in a unit of one's choice. */
function Span({
  label,
  seconds,
  onChange,
}: {
  label: string;
  seconds: number;
  onChange: (seconds: number) => void;
}) {
  const { count, unit } = inUnits(seconds);
  const [chosen, setChosen] = useState<Unit>(unit);
  const shown = UNITS.find(([name]) => name === chosen)?.[1] ?? 1;
  const [whole, of] = seconds % shown === 0 ? [seconds / shown, chosen] : [count, unit];
  return (
    <span className="flex items-center gap-2">
      <input
        type="number"
        min={0}
        required
        aria-label={label}
        className="field w-24"
        value={whole}
        onChange={(event) => onChange(inSeconds(Number(event.target.value), of))}
      />
      <Select
        label={texts.rules.unit}
        value={of}
        options={UNITS.map(([name]) => [name, texts.rules.units[name]] as const)}
        onChange={(to) => {
          setChosen(to);
          onChange(inSeconds(whole, to));
        }}
      />
    </span>
  );
}

/** The same as a field of its own. */
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

/** Badges that analyzers give, which no rule lists. */
const SIGNALS = [
  'uniqueness.account-farm-signal',
  'uniqueness.one-operator-signal',
  'behavior.account-takeover-signal',
  'behavior.referral-ring-signal',
];

function BadgeField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (badge: string) => void;
}) {
  const { data } = useQuery({ ...badgeRulesQuery, staleTime: NAMES_STALE_MS });
  const known = data?.map((rule) => [rule.slug, rule.name] as const) ?? [];
  const others = [...SIGNALS, value].filter((slug, place, all) => {
    return slug && all.indexOf(slug) === place && !known.some(([one]) => one === slug);
  });
  return (
    <Select
      label={label}
      value={value}
      options={[
        ['', texts.rules.chooseBadge],
        ...known,
        ...others.map((slug) => [slug, slug] as const),
      ]}
      onChange={onChange}
    />
  );
}
