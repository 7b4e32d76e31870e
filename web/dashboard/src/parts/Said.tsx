/** Words that came from the people being judged: isolated, with nothing hidden in them, and cut when long. */
import { useState } from 'react';
import { together } from '../lib/format';
import { clip, visible } from '../lib/hostile';
import { texts } from '../texts';

/** As much as fits on a line of a table. */
const CHARS_SHOWN = 120;
/** A tooltip is no place to read a novel. */
const TITLE_CHARS_MAX = 400;

export function Said({
  children,
  max = CHARS_SHOWN,
  className = '',
}: {
  children: string;
  max?: number;
  className?: string;
}) {
  const text = visible(children);
  const { shown, cut } = clip(text, max);
  return (
    <bdi
      className={`said ${className}`}
      title={cut ? clip(text, TITLE_CHARS_MAX).shown : undefined}
    >
      {shown}
      {cut && '…'}
    </bdi>
  );
}

/** What an analyzer says: it may quote strangers, and its numbers stay with their units. */
export function Explained({ children, max }: { children: string; max?: number }) {
  return <SaidAll max={max}>{together(children)}</SaidAll>;
}

/** The same with a way to see all of it. */
export function SaidAll({ children, max = 240 }: { children: string; max?: number }) {
  const [open, setOpen] = useState(false);
  const text = visible(children);
  const { shown, cut } = clip(text, max);
  if (!cut) return <bdi className="said">{text}</bdi>;
  return (
    <>
      <bdi className={`said ${open ? 'block max-h-96 overflow-auto' : ''}`}>
        {open ? text : shown}
        {!open && '…'}
      </bdi>{' '}
      <button
        type="button"
        className="link text-xs"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? texts.common.less : texts.common.all(children.length)}
      </button>
    </>
  );
}
