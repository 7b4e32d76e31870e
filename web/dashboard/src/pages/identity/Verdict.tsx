/** What an analyst needs within a minute: the four scores, the loudest reasons, the company it keeps, what is open. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { escalationsOfQuery, ringOfQuery } from '../../api/queries';
import {
  type Analysis,
  CATEGORIES,
  type Escalation,
  type Identity,
  type Ring,
  scoreOf,
  worstOf,
} from '../../api/types';
import { bandOf } from '../../lib/bands';
import { number } from '../../lib/format';
import { reasons } from '../../lib/waterfall';
import { SeverityTag, StatusTag } from '../../parts/Badges';
import { Reason } from '../../parts/Reason';
import { BigScore, INK } from '../../parts/Score';
import { Loading } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useSearch, useSetSearch } from '../../parts/useSearch';
import { texts } from '../../texts';

const AGAINST_MAX = 4;
const FOR_MAX = 2;

export function Verdict({
  identity,
  analysis,
  waiting,
}: {
  identity: Identity;
  analysis: Analysis | undefined;
  /** The analysis is on its way. */
  waiting: boolean;
}) {
  const setSearch = useSetSearch();
  const { tab, category } = useSearch();
  const observations = analysis?.scores.flatMap((score) => score.observations ?? []) ?? [];
  const against = reasons(observations, -1, AGAINST_MAX);
  const inFavour = reasons(observations, 1, FOR_MAX);
  return (
    <div className="flex flex-col gap-3">
      <div className="grid grid-cols-4 gap-2 sm:gap-3">
        {CATEGORIES.map((one) => (
          <BigScore
            key={one}
            category={one}
            value={scoreOf(identity, one)}
            current={category === one && (tab ?? 'why') === 'why'}
            onOpen={() =>
              setSearch({ tab: undefined, category: category === one ? undefined : one })
            }
          />
        ))}
      </div>
      {/* A narrow screen has the reasons with their figures, and no room to say them on every tab. */}
      <div
        className={`gap-3 lg:grid-cols-[3fr_2fr] ${(tab ?? 'why') === 'why' ? 'grid' : 'hidden lg:grid'}`}
      >
        <section className="panel p-4">
          <h2 className="mb-2 font-semibold">
            <Sentence identity={identity} />
          </h2>
          {waiting && <Loading lines={4} />}
          <ul className="flex flex-col gap-1.5">
            {[...against, ...inFavour].map((seen) => (
              <Reason key={seen.id} seen={seen} />
            ))}
          </ul>
        </section>
        <Company id={identity.id} />
      </div>
    </div>
  );
}

function Sentence({ identity }: { identity: Identity }) {
  if (identity.disregarded) return texts.verdict.disregarded;
  const worst = worstOf(identity);
  if (!worst) return texts.verdict.unscored;
  const band = bandOf(worst.value);
  return (
    <>
      {texts.verdict[band]}{' '}
      <span className={INK[band]}>
        {texts.verdict.worst(texts.categories[worst.category].name, worst.value, texts.bands[band])}
      </span>
    </>
  );
}

/** Its ring and its escalations. */
function Company({ id }: { id: string }) {
  const ring = useQuery(ringOfQuery(id));
  const escalations = useQuery(escalationsOfQuery(id));
  return (
    <section className="panel flex flex-col gap-3 p-4">
      <div>
        <h2 className="mb-1 font-semibold">{texts.verdict.company}</h2>
        {ring.isPending ? <Loading lines={1} /> : <RingOf ring={ring.data?.content[0]} />}
      </div>
      <div>
        <h2 className="mb-1 font-semibold">{texts.verdict.escalations}</h2>
        {escalations.isPending ? (
          <Loading lines={2} />
        ) : (
          <Open escalations={escalations.data?.content ?? []} />
        )}
      </div>
    </section>
  );
}

function RingOf({ ring }: { ring: Ring | undefined }) {
  if (!ring) return <p className="text-soft">{texts.verdict.alone}</p>;
  return (
    <p>
      <Link to="/rings/$id" params={{ id: ring.id }} className="link font-medium">
        {texts.rings.of(number(ring.size))}
      </Link>{' '}
      <span className="text-soft">{texts.rings.risk(ring.risk)}</span>
    </p>
  );
}

function Open({ escalations }: { escalations: Escalation[] }) {
  const open = escalations.filter((escalation) => escalation.status !== 'CLOSED');
  if (open.length === 0) return <p className="text-soft">{texts.verdict.noEscalations}</p>;
  return (
    <ul className="flex flex-col gap-1.5">
      {open.map((escalation) => (
        <li key={escalation.id} className="flex flex-wrap items-center gap-2">
          <SeverityTag severity={escalation.severity} />
          <Link to="/escalations/$id" params={{ id: escalation.id }} className="link said">
            {escalation.escalationRule.label}
          </Link>
          <StatusTag status={escalation.status} />
          <Time at={escalation.openedAt} className="text-xs text-soft" />
        </li>
      ))}
    </ul>
  );
}
