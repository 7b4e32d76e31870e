/** A form in a dialog: its fields, a way out, and the button that does it. */
import type { ReactNode } from 'react';
import { texts } from '../texts';
import { Button } from './Button';
import { Dialog } from './Dialog';

export function DialogForm({
  title,
  act,
  blocked,
  wide,
  onAct,
  onClose,
  children,
}: {
  title: ReactNode;
  /** What the button says that does it. */
  act: string;
  /** Something is still missing or on its way. */
  blocked: boolean;
  wide?: boolean;
  onAct: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!blocked) onAct();
        }}
      >
        {children}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{texts.common.cancel}</Button>
          <Button type="submit" look="main" disabled={blocked}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
