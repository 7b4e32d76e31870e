import { useState } from 'react';
import { texts } from '../texts';
import { Button } from './Button';

/** As long as one looks for whether it worked. */
const SAID_MS = 1_500;

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function Copy({
  text,
  label = texts.common.copy,
  of,
}: {
  text: string;
  label?: string;
  /** What is copied, for whoever does not see where the button stands. */
  of?: string;
}) {
  const [said, setSaid] = useState('');
  return (
    <Button
      small
      aria-label={of && `${said || label}: ${of}`}
      onClick={async () => {
        setSaid((await copy(text)) ? texts.common.copied : texts.common.notCopied);
        setTimeout(() => setSaid(''), SAID_MS);
      }}
    >
      <span aria-live="polite">{said || label}</span>
    </Button>
  );
}

/** Something to be copied whole: a snippet, a command, a secret. */
export function CopyBlock({ text, label }: { text: string; label: string }) {
  return (
    <div className="relative rounded-lg border border-line bg-sunken">
      <div className="flex items-center justify-between gap-2 border-b border-line px-3 py-1.5">
        <span className="text-xs text-soft">{label}</span>
        <Copy text={text} of={label} />
      </div>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="overflow-x-auto p-3 font-mono text-xs leading-relaxed"
      >
        {text}
      </pre>
    </div>
  );
}
