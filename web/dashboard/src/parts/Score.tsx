/** A score: its number, its band as a word, and one to four marks. Colour only repeats what these say. */
import { CATEGORIES, type Category, type Scores, scoreOf } from '../api/types';
import { BANDS, type Band, bandOf } from '../lib/bands';
import { texts } from '../texts';

export const INK: Record<Band, string> = {
  critical: 'text-critical',
  poor: 'text-poor',
  fair: 'text-fair',
  good: 'text-good',
};
export const FILL: Record<Band, string> = {
  critical: 'bg-critical-fill',
  poor: 'bg-poor-fill',
  fair: 'bg-fair-fill',
  good: 'bg-good-fill',
};
export function Marks({ band }: { band?: Band }) {
  const filled = band ? BANDS.indexOf(band) + 1 : 0;
  return (
    <span className="inline-flex gap-0.5" aria-hidden="true">
      {BANDS.map((one, place) => (
        <span
          key={one}
          className={`h-1 w-2.5 rounded-full ${band && place < filled ? FILL[band] : 'bg-line'}`}
        />
      ))}
    </span>
  );
}

/** As a cell of a table has it. */
export function Score({ value, label }: { value: number | null | undefined; label?: string }) {
  if (value === null || value === undefined) {
    return (
      <span
        className="inline-flex flex-col gap-1 leading-none whitespace-nowrap text-soft"
        title={texts.scores.none}
      >
        <span>
          {label && <span className="mr-1 text-xs">{label}</span>}
          <span aria-hidden="true">–</span>
          <span className="sr-only">{texts.scores.none}</span>
        </span>
        <Marks />
      </span>
    );
  }
  const band = bandOf(value);
  return (
    <span className="inline-flex flex-col gap-1 leading-none whitespace-nowrap">
      <span>
        {label && <span className="mr-1 text-xs text-soft">{label}</span>}
        <span className={`font-semibold tabular-nums ${INK[band]}`}>{value}</span>{' '}
        <span className="text-xs text-soft">{texts.bands[band]}</span>
      </span>
      <Marks band={band} />
    </span>
  );
}

/** All four with their names, for cards and narrow screens. */
export function ScoreRow({ scores }: { scores: Scores }) {
  return (
    <span className="grid grid-cols-4 gap-2">
      {CATEGORIES.map((category) => (
        <Score
          key={category}
          value={scoreOf(scores, category)}
          label={texts.categories[category].short}
        />
      ))}
    </span>
  );
}

/** The large one of a header. */
export function BigScore({
  category,
  value,
  current,
  onOpen,
}: {
  category: Category;
  value: number | null;
  current: boolean;
  onOpen: () => void;
}) {
  const band = value === null ? null : bandOf(value);
  return (
    <button
      type="button"
      onClick={onOpen}
      aria-pressed={current}
      className={`panel flex min-w-0 flex-col gap-1.5 px-2 py-2 text-left sm:px-4 sm:py-3 hover:border-edge ${current ? 'ring-2 ring-accent' : ''}`}
    >
      <span className="truncate text-xs text-soft">{texts.categories[category].name}</span>
      <span className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
        <span
          className={`text-2xl sm:text-3xl leading-none font-semibold tabular-nums ${band ? INK[band] : 'text-soft'}`}
        >
          {value ?? '–'}
        </span>
        <span className={`text-xs sm:text-sm ${band ? INK[band] : 'text-soft max-sm:sr-only'}`}>
          {band ? texts.bands[band] : texts.scores.none}
        </span>
      </span>
      <span className="mt-auto flex">
        <Marks band={band ?? undefined} />
      </span>
    </button>
  );
}
