/** The range of a score: two sliders, and what they mean in numbers. */
import { useEffect, useState } from 'react';
import type { Category } from '../api/types';
import { texts } from '../texts';

/** A pause this long ends a drag. */
const PAUSE_MS = 250;
const STEP = 1;

export function Range({
  category,
  min,
  max,
  onChange,
}: {
  category: Category;
  min: number;
  max: number;
  onChange: (min: number, max: number) => void;
}) {
  const [held, setHeld] = useState({ min, max });
  useEffect(() => setHeld({ min, max }), [min, max]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: told when the drag rests, not when the page draws again
  useEffect(() => {
    if (held.min === min && held.max === max) return;
    const timer = setTimeout(() => onChange(held.min, held.max), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [held]);
  const name = texts.categories[category].name;
  const narrowed = held.min > 0 || held.max < 100;
  return (
    <fieldset className="flex min-w-0 flex-col gap-1">
      <legend className="sr-only">{name}</legend>
      <div className="flex justify-between text-xs">
        <span className="font-medium">{name}</span>
        <span className={`tabular-nums ${narrowed ? 'text-accent' : 'text-soft'}`}>
          {held.min}–{held.max}
        </span>
      </div>
      <div className="relative h-6">
        <div className="absolute inset-x-0 top-2.5 h-1 rounded bg-line" />
        <div
          className="absolute top-2.5 h-1 rounded bg-accent"
          style={{ left: `${held.min}%`, right: `${100 - held.max}%` }}
        />
        <input
          type="range"
          min={0}
          max={100}
          step={STEP}
          value={held.min}
          aria-label={texts.identities.atLeast(name)}
          onChange={(event) =>
            setHeld({ ...held, min: Math.min(Number(event.target.value), held.max) })
          }
          className={`slider ${held.min > 50 ? 'z-20' : 'z-10'}`}
        />
        <input
          type="range"
          min={0}
          max={100}
          step={STEP}
          value={held.max}
          aria-label={texts.identities.atMost(name)}
          onChange={(event) =>
            setHeld({ ...held, max: Math.max(Number(event.target.value), held.min) })
          }
          className="slider z-10"
        />
      </div>
    </fieldset>
  );
}
