/** What was done, with a way back where there is one. */
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { Problem } from '../api/client';
import { texts } from '../texts';
import { Button } from './Button';

interface Toast {
  id: number;
  text: string;
  bad: boolean;
  undo?: () => void;
}

/** Long enough to read and to undo. */
const SHOWN_MS = 8_000;
const TOASTS_MAX = 4;

let toasts: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(changed: Toast[]) {
  toasts = changed.slice(-TOASTS_MAX);
  for (const listener of listeners) listener();
}

function dismiss(id: number) {
  change(toasts.filter((toast) => toast.id !== id));
}

export function tell(text: string, undo?: () => void, bad = false) {
  last += 1;
  const id = last;
  change([...toasts, { id, text, bad, undo }]);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function tellProblem(error: unknown) {
  // The session is over: the log-in page says so.
  if (error instanceof Problem && error.status === 401) return;
  tell(problemText(error), undefined, true);
}

/** What failed, with the request's id where the server gave one. */
export function problemText(error: unknown): string {
  if (!(error instanceof Error)) return texts.errors.unknown;
  const id = error instanceof Problem ? error.requestId : null;
  return id ? `${error.message} (${texts.errors.request(id)})` : error.message;
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  const ref = useRef<HTMLElement>(null);
  // Always shown, so that what comes is read aloud; shown anew it lies above a dialog that was opened since.
  // biome-ignore lint/correctness/useExhaustiveDependencies: with every message
  useEffect(() => {
    const place = ref.current;
    if (place?.matches(':popover-open')) place.hidePopover();
    place?.showPopover();
  }, [shown]);
  return (
    <section
      ref={ref}
      popover="manual"
      aria-label={texts.common.messages}
      aria-live="polite"
      className="pointer-events-none fixed inset-x-4 top-auto bottom-4 m-0 w-auto flex-col items-center gap-2 overflow-visible border-0 bg-transparent p-0 text-ink open:flex sm:left-auto sm:items-end"
    >
      {shown.map((toast) => (
        <div
          key={toast.id}
          className={`panel pointer-events-auto flex max-w-md items-center gap-3 py-2 pr-2 pl-4 shadow-shade ${toast.bad ? 'border-critical' : ''}`}
        >
          <span className="said min-w-0">{toast.text}</span>
          {toast.undo && (
            <Button
              small
              onClick={() => {
                toast.undo?.();
                dismiss(toast.id);
              }}
            >
              {texts.common.undo}
            </Button>
          )}
          <Button
            look="quiet"
            small
            aria-label={texts.common.dismiss}
            onClick={() => dismiss(toast.id)}
          >
            ✕
          </Button>
        </div>
      ))}
    </section>
  );
}
