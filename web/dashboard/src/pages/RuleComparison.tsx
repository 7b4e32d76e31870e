/** A rule beside the others: whom it finds that they do not, and whom it misses. Above all for silent ones. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api, body } from '../api/client';
import type { Comparison } from '../api/types';
import { number, percent } from '../lib/format';
import { Tag } from '../parts/Badges';
import { Choice } from '../parts/Field';
import { LabelTag } from '../parts/Label';
import { IdentityLink } from '../parts/Links';
import { Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Scrolled } from '../parts/Scrolled';
import { Empty, Fetched } from '../parts/States';
import { Time } from '../parts/Time';
import { useSearch, useSetSearch } from '../parts/useSearch';
import { texts } from '../texts';

const DAYS = ['7', '30', '90'] as const;

type Overlap = Comparison['opened'];

export default function RuleComparison() {
  const { id } = useParams({ from: '/settings/escalation-rules/$id' });
  const { days: asked } = useSearch();
  const setSearch = useSetSearch();
  const days = DAYS.find((one) => one === asked) ?? '30';
  const query = useQuery({
    queryKey: ['escalation-rules', id, 'comparison', days],
    queryFn: ({ signal }) =>
      body(
        api.GET('/escalation-rules/{id}/comparison', {
          params: { path: { id }, query: { days: Number(days) } },
          signal,
        }),
      ),
  });
  const name = query.data?.rule.label ?? texts.shadowing.rule;
  return (
    <Page
      title={texts.shadowing.title(name)}
      heading={
        <span className="flex flex-wrap items-center gap-2">
          <Said max={100}>{texts.shadowing.title(name)}</Said>
          {query.data?.shadow && <Tag>{texts.escalations.shadow}</Tag>}
        </span>
      }
      lead={texts.shadowing.lead}
      actions={
        <Choice
          label={texts.overview.period}
          value={days}
          onChange={(to) => setSearch({ days: to === '30' ? undefined : to })}
          options={texts.shadowing.periods}
        />
      }
    >
      <Fetched query={query} lines={8}>
        {(found) => <Shown found={found} id={id} />}
      </Fetched>
    </Page>
  );
}

function Shown({ found, id }: { found: Comparison; id: string }) {
  const { shadow } = found;
  return (
    <>
      {found.truncated && <p className="text-poor">{texts.shadowing.truncated}</p>}
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2 xl:grid-cols-4">
        <Count
          name={texts.shadowing.opened}
          hint={texts.shadowing.openedHint}
          overlap={found.opened}
        />
        <Count name={texts.shadowing.both} hint={texts.shadowing.bothHint} overlap={found.both} />
        <Count
          name={texts.shadowing.onlyThis}
          hint={texts.shadowing.onlyThisHint}
          overlap={found.onlyThis}
        />
        <Count
          name={texts.shadowing.onlyOthers}
          hint={texts.shadowing.onlyOthersHint}
          overlap={found.onlyOthers}
        />
      </div>
      {found.opened.identities === 0 ? (
        <Panel>
          <Empty title={texts.shadowing.none}>{texts.shadowing.noneHint}</Empty>
        </Panel>
      ) : (
        <Panel
          title={texts.shadowing.first}
          actions={
            <>
              <span className="text-xs text-soft">
                {texts.shadowing.firstOf(found.firstOnlyThis.length, found.onlyThis.identities)}
              </span>
              <Link
                to="/escalations"
                search={{ rule: id, ...(shadow ? { shadow: 'true' } : {}) }}
                className="link text-sm"
              >
                {texts.nav.escalations}
              </Link>
            </>
          }
        >
          {found.firstOnlyThis.length === 0 ? (
            <p className="p-4 text-soft">{texts.shadowing.noOnly}</p>
          ) : (
            <ul className="max-h-96 overflow-auto">
              {found.firstOnlyThis.map((opening) => (
                <li
                  key={`${opening.identityId} ${opening.openedAt}`}
                  className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2 last:border-0 sm:grid-cols-[minmax(0,1fr)_180px_120px]"
                >
                  <IdentityLink id={opening.identityId} />
                  {opening.label ? (
                    <span>
                      <LabelTag
                        label={{
                          kind: opening.label,
                          legitimate: opening.label === 'LEGITIMATE',
                        }}
                      />
                    </span>
                  ) : (
                    <span className="text-sm text-soft">{texts.shadowing.unlabelled}</span>
                  )}
                  <Time at={opening.openedAt} className="text-sm text-soft" />
                </li>
              ))}
            </ul>
          )}
        </Panel>
      )}
      <Others others={found.others} />
    </>
  );
}

function Count({ name, hint, overlap }: { name: string; hint: string; overlap: Overlap }) {
  return (
    <section className="panel flex flex-col gap-1 px-4 py-3">
      <h2 className="text-sm font-medium">{name}</h2>
      <p className="flex items-baseline gap-2">
        <span className="text-2xl leading-tight font-semibold tabular-nums">
          {number(overlap.identities)}
        </span>
        {overlap.precision && (
          <span className="text-sm text-soft">
            {texts.shadowing.precision} {percent(overlap.precision.value)} (
            {Math.round(overlap.precision.low * 100)}–{Math.round(overlap.precision.high * 100)})
          </span>
        )}
      </p>
      <p className="text-xs text-soft">{hint}</p>
      <p className="flex flex-wrap gap-x-3 text-xs tabular-nums">
        <span className="text-critical">
          {texts.calibration.abuse} {number(overlap.abuse)}
        </span>
        <span className="text-good">
          {texts.calibration.legitimate} {number(overlap.legitimate)}
        </span>
        <span className="text-soft">
          {number(overlap.unlabelled)} {texts.shadowing.unlabelled}
        </span>
      </p>
    </section>
  );
}

function Others({ others }: { others: Comparison['others'] }) {
  return (
    <Panel title={texts.shadowing.others}>
      {others.length === 0 ? (
        <p className="p-4 text-soft">{texts.shadowing.noOthers}</p>
      ) : (
        <Scrolled label={texts.shadowing.others} className="p-4">
          <table className="w-full text-right text-sm tabular-nums">
            <thead className="text-xs text-soft">
              <tr>
                <th className="py-1 text-left font-medium">{texts.shadowing.rule}</th>
                <th className="pl-4 font-medium">{texts.shadowing.othersOpened}</th>
                <th className="pl-4 font-medium">{texts.shadowing.shared}</th>
                <th className="pl-4 font-medium">{texts.shadowing.precision}</th>
              </tr>
            </thead>
            <tbody>
              {others.map(({ rule, opened, shared }) => (
                <tr key={rule.id} className="border-t border-line">
                  <th scope="row" className="py-1.5 text-left font-normal">
                    <Link
                      to="/settings/escalation-rules/$id"
                      params={{ id: rule.id }}
                      className="link"
                    >
                      <Said max={60}>{rule.label ?? rule.id}</Said>
                    </Link>
                  </th>
                  <td className="pl-4">{number(opened.identities)}</td>
                  <td className="pl-4">{number(shared)}</td>
                  <td className="pl-4">
                    {opened.precision ? percent(opened.precision.value) : '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolled>
      )}
    </Panel>
  );
}
