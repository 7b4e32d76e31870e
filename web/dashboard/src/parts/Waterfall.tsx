/** Why a score is what it is: from 50, one observation after the other. */
import type { Category, Observation } from '../api/types';
import { bandOf } from '../lib/bands';
import { percent, signed } from '../lib/format';
import { START, steps } from '../lib/waterfall';
import { texts } from '../texts';
import { DataTree } from './DataTree';
import { Explained } from './Said';
import { INK } from './Score';

export function Waterfall({
  category,
  value,
  observations,
  onBasis,
}: {
  category: Category;
  value: number | null;
  observations: Observation[];
  /** Shows the events that an observation rests on. */
  onBasis?: (observation: Observation) => void;
}) {
  const found = steps(observations);
  const band = value === null ? null : bandOf(value);
  return (
    <div>
      <div className="flex flex-wrap items-baseline justify-between gap-2 px-4 pt-3">
        <h3 className="font-semibold">
          {texts.categories[category].name}{' '}
          <span className="font-normal text-soft">{texts.categories[category].asks}</span>
        </h3>
        <span className={`font-semibold tabular-nums ${band ? INK[band] : 'text-soft'}`}>
          {value === null ? texts.scores.none : `${value} ${texts.bands[bandOf(value)]}`}
        </span>
      </div>
      {found.length === 0 ? (
        <p className="px-4 py-3 text-soft">{texts.why.silent}</p>
      ) : (
        <ol className="py-2">
          {found.map((step) => (
            <Row
              key={step.observation.id}
              observation={step.observation}
              from={step.from}
              to={step.to}
              onBasis={onBasis}
            />
          ))}
        </ol>
      )}
    </div>
  );
}

function Row({
  observation,
  from,
  to,
  onBasis,
}: {
  observation: Observation;
  from: number;
  to: number;
  onBasis?: (observation: Observation) => void;
}) {
  const { contribution, confidence, label, explanation, metadata, basis } = observation;
  const bad = contribution < 0;
  const sign = Math.abs(contribution) < 0.5 ? 'text-soft' : bad ? 'text-critical' : 'text-good';
  return (
    <li className="grid grid-cols-1 gap-x-4 gap-y-1 px-4 py-2 sm:grid-cols-[1fr_220px] lg:grid-cols-[minmax(0,1fr)_280px]">
      <div className="min-w-0">
        <p className="font-medium">{label}</p>
        <p className="text-soft">
          <Explained max={400}>{explanation}</Explained>
        </p>
        {basis && onBasis && (
          <button
            type="button"
            className="link text-xs"
            aria-label={`${texts.basis.show(basis.count)}: ${label}`}
            onClick={() => onBasis(observation)}
          >
            {texts.basis.show(basis.count)}
          </button>
        )}
        <details className="mt-1">
          <summary className="w-fit text-xs text-accent">{texts.why.details}</summary>
          <div className="mt-1 rounded-lg bg-sunken p-3 text-sm">
            <p className="mb-2 text-xs text-soft">
              {texts.why.figures(
                observation.id,
                observation.value.toFixed(2),
                percent(confidence),
                String(observation.weight),
              )}
            </p>
            <DataTree data={metadata} />
          </div>
        </details>
      </div>
      <div className="flex items-start gap-2">
        <div className="relative mt-1.5 h-3 flex-1 rounded bg-sunken" aria-hidden="true">
          <div className="absolute inset-y-0 w-px bg-edge" style={{ left: `${START}%` }} />
          <div
            className={`absolute inset-y-0.5 rounded-sm ${bad ? 'bg-critical-fill' : 'bg-good-fill'}`}
            style={{
              left: `${clamp(Math.min(from, to))}%`,
              width: `max(2px, ${clamp(Math.abs(to - from))}%)`,
            }}
          />
        </div>
        <div className="w-20 shrink-0 text-right leading-tight">
          <div className={`font-semibold tabular-nums ${sign}`}>{signed(contribution, 1)}</div>
          <div className="text-xs text-soft">{texts.why.sure(percent(confidence))}</div>
        </div>
      </div>
    </li>
  );
}

function clamp(points: number): number {
  return Math.max(0, Math.min(100, points));
}

interface Bit {
  evidence: string;
  bits: number;
  explanation?: string;
}

/** A link's evidence in bits, as the API's metadata has it; anything else is no waterfall. */
export function bitsOf(metadata: Record<string, unknown>): Bit[] {
  const found = metadata.waterfall;
  if (!Array.isArray(found)) return [];
  return found.filter(
    (bit): bit is Bit => typeof bit?.bits === 'number' && typeof bit?.evidence === 'string',
  );
}

/** As many bits as a bar is wide. */
const BITS_SHOWN = 20;

/** Why two identities may be one person. */
export function BitsWaterfall({ bits }: { bits: Bit[] }) {
  return (
    <ol className="flex flex-col gap-1.5">
      {bits.map((bit, place) => (
        <li
          // biome-ignore lint/suspicious/noArrayIndexKey: one kind of evidence may come twice
          key={place}
          className={`grid grid-cols-[1fr_90px_48px] items-start gap-3 ${bit.evidence === 'total' ? 'border-t border-line pt-1.5 font-medium' : ''}`}
        >
          <span className="min-w-0">
            {bit.explanation ? (
              <Explained max={300}>{bit.explanation}</Explained>
            ) : (
              (texts.why.evidence[bit.evidence] ?? bit.evidence)
            )}
          </span>
          <span className="relative mt-1.5 h-2 rounded bg-sunken" aria-hidden="true">
            <span className="absolute inset-y-0 left-1/2 w-px bg-edge" />
            <span
              className={`absolute inset-y-0 rounded-sm ${bit.bits < 0 ? 'bg-good-fill' : 'bg-critical-fill'}`}
              style={{
                left: `${50 + (Math.min(0, Math.max(bit.bits, -BITS_SHOWN)) / BITS_SHOWN) * 50}%`,
                width: `${(Math.min(BITS_SHOWN, Math.abs(bit.bits)) / BITS_SHOWN) * 50}%`,
              }}
            />
          </span>
          <span className="text-right tabular-nums">{signed(bit.bits, 1)}</span>
        </li>
      ))}
    </ol>
  );
}
