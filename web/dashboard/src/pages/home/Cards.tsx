/** The last day in four figures, each beside the day before. */
import { Link } from '@tanstack/react-router';
import { number, percent, signed } from '../../lib/format';
import { Failed } from '../../parts/States';
import { texts } from '../../texts';
import { useSummary } from './figures';

interface Day {
  last24Hours: number;
  previous24Hours: number;
  change: number;
}

export function Cards() {
  const query = useSummary();
  const found = query.data;
  if (query.error && !found) {
    return (
      <div className="panel">
        <Failed error={query.error} retry={query.refetch} />
      </div>
    );
  }
  return (
    <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      <Card
        to="/identities"
        search={{ sort: 'createdAt', order: 'DESC' }}
        name={texts.overview.fresh24}
        day={found?.newIdentities}
        more={found && texts.overview.fresh(number(found.identities))}
      />
      <Card
        to="/identities"
        search={{ sort: 'lastTrackedAt', order: 'DESC' }}
        name={texts.overview.active}
        day={found?.activeIdentities}
      />
      <Card
        to="/identities"
        search={{ sort: 'lastScoredAt', order: 'DESC' }}
        name={texts.overview.scored}
        day={found?.scoredIdentities}
      />
      <Card to="/events" name={texts.overview.events} day={found?.events} />
    </div>
  );
}

function Card({
  to,
  search,
  name,
  day,
  more,
}: {
  to: string;
  search?: Record<string, string>;
  name: string;
  day: Day | undefined;
  more?: string;
}) {
  return (
    <Link
      to={to}
      search={search}
      className="panel flex min-w-0 flex-col gap-1 px-4 py-3 hover:border-edge"
    >
      <span className="text-xs text-soft">{name}</span>
      {day === undefined ? (
        <span className="skeleton my-1 h-6 w-16" />
      ) : (
        <span className="flex flex-wrap items-baseline gap-x-2">
          <span className="text-2xl leading-tight font-semibold tabular-nums">
            {number(day.last24Hours)}
          </span>
          <Change day={day} />
        </span>
      )}
      <span className="text-xs text-soft">
        {day ? texts.overview.before(number(day.previous24Hours)) : '\u00a0'}
        {more && ` · ${more}`}
      </span>
    </Link>
  );
}

/** More is neither good nor bad here: the arrow tells the direction, and no colour judges it. */
function Change({ day }: { day: Day }) {
  if (day.change === 0) return <span className="text-sm text-soft">±0</span>;
  const share = day.previous24Hours > 0 ? Math.abs(day.change) / day.previous24Hours : null;
  return (
    <span className="text-sm whitespace-nowrap text-soft tabular-nums">
      <span aria-hidden="true">{day.change > 0 ? '▲' : '▼'}</span>{' '}
      {share === null || share > 10
        ? `${day.change < 0 ? '−' : '+'}${number(Math.abs(day.change))}`
        : `${signed(day.change).charAt(0)}${percent(share)}`}
    </span>
  );
}
