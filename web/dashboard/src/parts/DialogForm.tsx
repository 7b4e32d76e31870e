/** A form in a dialog: its fields, a way out, and the button that does it. Ctrl and Enter does it from any field. */
import type { FormEvent, KeyboardEvent, ReactNode } from 'react';
import { texts } from '../texts';
import { Button } from './Button';
import { Dialog } from './Dialog';

export function DialogForm({
  title,
  act,
  blocked,
  wide,
  aside,
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
  /** Something else that can be done, apart from the others. */
  aside?: ReactNode;
  onAct: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  function submit(event: FormEvent | KeyboardEvent) {
    event.preventDefault();
    if (!blocked) onAct();
  }
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form
        className="flex flex-col gap-4"
        onSubmit={submit}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
        }}
      >
        {children}
        <div className="flex flex-wrap justify-end gap-2">
          {aside && <span className="sm:mr-auto">{aside}</span>}
          <Button onClick={onClose}>{texts.common.cancel}</Button>
          <Button type="submit" look="main" disabled={blocked}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
