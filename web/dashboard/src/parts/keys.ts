/** Keys of a page: single ones, and jumps of two (`g i`). Never while somebody types. */
import { useEffect, useRef } from 'react';

/** A jump's second key comes within this. */
const JUMP_MS = 1_200;

export type Keys = Record<string, (event: KeyboardEvent) => void>;

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return (
    element?.closest?.(
      'input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]',
    ) != null
  );
}

export function useKeys(keys: Keys) {
  const held = useRef(keys);
  held.current = keys;
  useEffect(() => {
    let first = '';
    let at = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      const jump = first && Date.now() - at < JUMP_MS ? `${first} ${event.key}` : '';
      const act = held.current[jump] ?? held.current[event.key];
      first = event.key;
      at = Date.now();
      if (!act) return;
      if (jump) first = '';
      event.preventDefault();
      act(event);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
