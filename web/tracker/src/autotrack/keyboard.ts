import { KEYS_HELD_MAX } from '../limits';
import type { Json } from '../types';
import { listen } from './listen';
import { newStats } from './stats';

const FAST_KEY_MS = 15;

const newCounts = () => ({
  downs: 0,
  untrusted: 0,
  repeats: 0,
  fastKeys: 0,
  capitalsWithoutShift: 0,
  corrections: 0,
  pastes: 0,
  inputs: 0,
  untrustedInputs: 0,
  inputsWithoutKey: 0,
  dwell: newStats(),
  gap: newStats(),
});

/** The rhythm of typing. Which keys were pressed is looked at and forgotten, never sent. */
export function watchKeyboard(signal: AbortSignal): () => Json {
  let counts = newCounts();
  let lastDownAt: number | null = null;
  let hasKeySinceInput = false;
  const heldSince = new Map<string, number>();

  listen('keydown', signal, (event) => {
    hasKeySinceInput = true;
    if (!event.isTrusted) counts.untrusted += 1;
    // Browsers dispatch a keydown without a key when they fill in saved values.
    if (typeof event.key !== 'string') return;
    if (event.repeat) {
      counts.repeats += 1;
      return;
    }
    counts.downs += 1;
    if (isBareCapital(event)) counts.capitalsWithoutShift += 1;
    if (event.key === 'Backspace' || event.key === 'Delete') counts.corrections += 1;
    if (lastDownAt !== null) counts.gap.add(event.timeStamp - lastDownAt);
    lastDownAt = event.timeStamp;
    if (heldSince.size < KEYS_HELD_MAX) heldSince.set(event.code, event.timeStamp);
  });

  listen('keyup', signal, (event) => {
    const since = heldSince.get(event.code);
    if (since === undefined) return;
    heldSince.delete(event.code);
    const dwellMs = event.timeStamp - since;
    counts.dwell.add(dwellMs);
    if (dwellMs < FAST_KEY_MS) counts.fastKeys += 1;
  });

  // A key let go in another window never comes up here.
  listen('blur', signal, (event) => {
    if (event.target === window) heldSince.clear();
  });

  listen('paste', signal, () => {
    counts.pastes += 1;
  });

  listen('input', signal, (event) => {
    counts.inputs += 1;
    if (!event.isTrusted) counts.untrustedInputs += 1;
    const { inputType } = event as InputEvent;
    if (!hasKeySinceInput && inputType === 'insertText') counts.inputsWithoutKey += 1;
    hasKeySinceInput = false;
  });

  return () => {
    const { dwell, gap, ...numbers } = counts;
    counts = newCounts();
    return { ...numbers, dwell: dwell.summary(), gap: gap.summary() };
  };
}

function isBareCapital(event: KeyboardEvent): boolean {
  const { key } = event;
  const isCapital = key.length === 1 && key !== key.toLowerCase() && key === key.toUpperCase();
  return isCapital && !event.shiftKey && !event.getModifierState?.('CapsLock');
}
