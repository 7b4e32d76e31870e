/** What narrows the list of identities, and in which order it is. */
import { useQuery } from '@tanstack/react-query';
import { badgeRulesQuery, NAMES_STALE_MS } from '../../api/queries';
import { CATEGORIES, type Identity } from '../../api/types';
import { type IdentityFilters, LABEL_FILTERS, narrowing, rangeKeys } from '../../lib/filters';
import { Button } from '../../parts/Button';
import { Input, Search, Select } from '../../parts/Field';
import { Range } from '../../parts/Range';
import { useNarrow } from '../../parts/useNarrow';
import { texts } from '../../texts';

const LABEL_OPTIONS = [
  ['', texts.labels.anything],
  ...LABEL_FILTERS.map((one) => [one, texts.labels.filtered(one)] as const),
] as const;

export function Filters({
  filters,
  rows,
  onTerm,
  onChange,
  onClear,
}: {
  filters: IdentityFilters;
  rows: (index: number) => Identity | undefined;
  onTerm: (term: string) => void;
  onChange: (changed: Record<string, string | number | boolean | undefined>) => void;
  onClear: () => void;
}) {
  const narrow = useNarrow();
  const count = narrowing(filters);
  const more = narrowing({ ...filters, term: undefined, badge: undefined, label: undefined });
  return (
    <div className="flex flex-col gap-3 border-b border-line p-3">
      <div className="flex flex-wrap items-center gap-2">
        <Search label={texts.identities.search} value={filters.term ?? ''} onChange={onTerm} />
        <BadgeSelect value={filters.badge} rows={rows} onChange={(badge) => onChange({ badge })} />
        <Select
          label={texts.labels.filter}
          value={filters.label ?? ''}
          options={LABEL_OPTIONS}
          onChange={(label) => onChange({ label: label || undefined })}
        />
        <Select
          label={texts.identities.disregardedFilter}
          value={filters.disregarded === undefined ? '' : String(filters.disregarded)}
          options={texts.identities.disregardedOptions}
          onChange={(value) => onChange({ disregarded: value || undefined })}
        />
        <Select
          label={texts.identities.sort}
          value={`${filters.sort ?? 'updatedAt'} ${filters.order ?? 'DESC'}`}
          options={texts.identities.sorts}
          onChange={(value) => {
            const [sort, order] = value.split(' ');
            onChange({ sort, order });
          }}
        />
        {count > 0 && (
          <Button look="quiet" onClick={onClear}>
            {texts.identities.clear}
          </Button>
        )}
      </div>
      {/* Where there is little room, whom they find comes first. */}
      <details open={more > 0 && !narrow}>
        <summary className="w-fit text-sm text-accent">
          {more > 0 ? texts.identities.moreActive(more) : texts.identities.more}
        </summary>
        <div className="mt-3 grid grid-cols-1 gap-x-6 gap-y-3 sm:grid-cols-2 lg:grid-cols-4">
          {CATEGORIES.map((category) => {
            const [min, max] = rangeKeys(category);
            return (
              <Range
                key={category}
                category={category}
                min={filters[min] ?? 0}
                max={filters[max] ?? 100}
                onChange={(low, high) =>
                  onChange({
                    [min]: low > 0 ? low : undefined,
                    [max]: high < 100 ? high : undefined,
                  })
                }
              />
            );
          })}
          <Exact
            label={texts.identities.group}
            value={filters.group}
            onChange={(group) => onChange({ group })}
          />
          <Exact
            label={texts.identities.groupType}
            value={filters.groupType}
            onChange={(groupType) => onChange({ groupType })}
          />
          <Exact
            label={texts.identities.device}
            value={filters.device}
            onChange={(device) => onChange({ device })}
          />
        </div>
      </details>
    </div>
  );
}

/** A field whose text must match whole: it is applied when it is left or confirmed. */
function Exact({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  return (
    <Input
      key={value ?? ''}
      label={label}
      defaultValue={value ?? ''}
      maxLength={256}
      onBlur={(event) =>
        event.target.value !== (value ?? '') && onChange(event.target.value || undefined)
      }
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  );
}

/** How many rows are asked for badges that no rule gives. */
const ROWS_ASKED = 50;

function BadgeSelect({
  value,
  rows,
  onChange,
}: {
  value: string | undefined;
  rows: (index: number) => Identity | undefined;
  onChange: (badge: string | undefined) => void;
}) {
  const { data } = useQuery({ ...badgeRulesQuery, staleTime: NAMES_STALE_MS });
  const names = new Map<string, string>(data?.map((rule) => [rule.slug, rule.name]));
  for (let index = 0; index < ROWS_ASKED; index += 1) {
    for (const badge of rows(index)?.badges ?? []) names.set(badge.slug, badge.name);
  }
  if (value && !names.has(value)) names.set(value, value);
  const sorted = [...names].sort((a, b) => a[1].localeCompare(b[1]));
  return (
    <Select
      label={texts.identities.badge}
      value={value ?? ''}
      options={[['', texts.identities.anyBadge], ...sorted]}
      onChange={(slug) => onChange(slug || undefined)}
    />
  );
}
