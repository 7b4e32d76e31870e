/** Rows that came while somebody's hand was on the list. */
import { texts } from '../texts';
import type { Waiting } from './useHeld';

/** What waits to be shown, until somebody wants it. It lies over the list: it moves no row either. */
export function WaitingBar({ waiting, under = false }: { waiting: Waiting; under?: boolean }) {
  return (
    <div className="relative z-20 h-0">
      <div
        className={`pointer-events-none absolute inset-x-0 flex justify-center ${under ? 'top-10' : 'top-1'}`}
      >
        <button
          type="button"
          onClick={waiting.show}
          className="pointer-events-auto rounded-full border border-accent bg-panel px-3 py-0.5 text-sm text-accent shadow-md hover:bg-accent-wash"
        >
          {texts.live.waiting(waiting.count)}
        </button>
      </div>
    </div>
  );
}
