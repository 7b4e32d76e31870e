/** How the four scores are distributed: every bar leads to whoever is in it. */
import { Link } from '@tanstack/react-router';
import type { KeyboardEvent } from 'react';
import { useState } from 'react';
import { CATEGORIES, type Category } from '../../api/types';
import { BAND_POINTS, bandOf } from '../../lib/bands';
import { rangeKeys } from '../../lib/filters';
import { number } from '../../lib/format';
import { Panel } from '../../parts/Page';
import { FILL } from '../../parts/Score';
import { Empty, Fetched } from '../../parts/States';
import { texts } from '../../texts';
import { useDistribution } from './figures';

const STEP_POINTS = 5;
const LAST_BAR = 19;
/** However few are in a bar, it is seen. */
const BAR_PX_MIN = 2;

export function Distribution() {
  const query = useDistribution();
  return (
    <Panel
      title={texts.overview.distribution}
      actions={<span className="text-xs text-soft">{texts.overview.distributionHint}</span>}
    >
      <Fetched query={query} lines={6}>
        {(found) => (
          <div className="grid grid-cols-1 gap-x-6 gap-y-5 p-4 sm:grid-cols-2 xl:grid-cols-4">
            {CATEGORIES.map((category) => {
              const one = found.categories.find((given) => given.category === category);
              return (
                <Bars
                  key={category}
                  category={category}
                  buckets={one?.buckets ?? []}
                  unscored={one?.unscored ?? 0}
                />
              );
            })}
          </div>
        )}
      </Fetched>
    </Panel>
  );
}

/** The scores of a bar; the last one takes 100 too. */
const endsOf = (bar: number) =>
  [bar * STEP_POINTS, bar === LAST_BAR ? 100 : (bar + 1) * STEP_POINTS - 1] as const;

function Bars({
  category,
  buckets,
  unscored,
}: {
  category: Category;
  buckets: number[];
  unscored: number;
}) {
  // One stop of the tab key for each chart; arrows move within it.
  const [current, setCurrent] = useState(0);
  const most = Math.max(...buckets, 0);
  const [min, max] = rangeKeys(category);
  function onKeyDown(event: KeyboardEvent<HTMLElement>) {
    const moves: Record<string, number> = {
      ArrowLeft: Math.max(0, current - 1),
      ArrowRight: Math.min(buckets.length - 1, current + 1),
      Home: 0,
      End: buckets.length - 1,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setCurrent(next);
    event.currentTarget.querySelectorAll('a')[next]?.focus();
  }
  return (
    <section aria-label={texts.overview.distributionOf(texts.categories[category].name)}>
      <h3 className="flex items-baseline justify-between gap-2">
        <span className="font-medium">{texts.categories[category].name}</span>
        {unscored > 0 && (
          <span className="text-xs font-normal text-soft">{texts.overview.unscored(unscored)}</span>
        )}
      </h3>
      {most === 0 ? (
        <Empty title={texts.overview.nobody} />
      ) : (
        <>
          {/* A bar of few beside bars of many is higher than its share, to be seen: the figure gives the scale. */}
          <p className="mt-1 border-b border-dotted border-edge text-[0.7rem] leading-4 text-soft">
            {texts.overview.upTo(number(most))}
          </p>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the links within take the focus */}
          <div className="flex h-24 items-stretch" onKeyDown={onKeyDown}>
            {buckets.map((people, bar) => {
              const [from, to] = endsOf(bar);
              return (
                <Link
                  // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place
                  key={bar}
                  to="/identities"
                  search={{
                    [min]: from > 0 ? String(from) : undefined,
                    [max]: to < 100 ? String(to) : undefined,
                    sort: `${category.toLowerCase()}Score`,
                    order: 'ASC',
                  }}
                  tabIndex={bar === current ? 0 : -1}
                  onFocus={() => setCurrent(bar)}
                  aria-label={texts.overview.bar(from, to, people)}
                  title={texts.overview.bar(from, to, people)}
                  className="flex min-w-0 flex-1 items-end px-px hover:bg-sunken"
                >
                  <span
                    className={`w-full rounded-t-sm ${people > 0 ? FILL[bandOf(from)] : 'bg-line'}`}
                    style={{
                      height:
                        people > 0 ? `max(${BAR_PX_MIN}px, ${(people / most) * 100}%)` : '1px',
                    }}
                  />
                </Link>
              );
            })}
          </div>
          <div
            aria-hidden="true"
            className="mt-1 grid grid-cols-4 border-t border-line text-[0.7rem] text-soft"
          >
            {[0, 1, 2, 3].map((band) => (
              <span key={band} className="flex justify-between pt-0.5">
                <span>{band * BAND_POINTS}</span>
                {band === 3 && <span>100</span>}
              </span>
            ))}
          </div>
          <Counts buckets={buckets} />
        </>
      )}
    </section>
  );
}

/** The same by band, in words. */
function Counts({ buckets }: { buckets: number[] }) {
  const counts = { critical: 0, poor: 0, fair: 0, good: 0 };
  buckets.forEach((people, bar) => {
    counts[bandOf(bar * STEP_POINTS)] += people;
  });
  return (
    <p className="mt-1 flex flex-wrap gap-x-3 text-xs text-soft">
      {(['critical', 'poor', 'fair', 'good'] as const).map((band) => (
        <span key={band} className="whitespace-nowrap">
          <span
            aria-hidden="true"
            className={`mr-1 inline-block size-2 rounded-sm ${FILL[band]}`}
          />
          {number(counts[band])} {texts.bands[band]}
        </span>
      ))}
    </p>
  );
}
