/** Something that is shown once: a secret, or a link that is one. */
import type { ReactNode } from 'react';
import { texts } from '../texts';
import { Button } from './Button';
import { CopyBlock } from './Copy';
import { Dialog } from './Dialog';

export function Once({
  title,
  hint,
  blocks,
  children,
  onClose,
}: {
  title: string;
  hint: string;
  /** Names and what is to be copied. */
  blocks: [string, string][];
  children?: ReactNode;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div className="flex flex-col gap-4">
        <p className="rounded-lg bg-poor-wash px-3 py-2 text-poor">{hint}</p>
        {blocks.map(([label, text]) => (
          <CopyBlock key={label} label={label} text={text} />
        ))}
        {children}
        <div className="flex justify-end">
          <Button look="main" onClick={onClose}>
            {texts.once.kept}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
