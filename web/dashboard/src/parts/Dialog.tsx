/** The browser's own dialog: it holds the focus, closes on Escape and hides the rest from screen readers. */
import { type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react';
import { texts } from '../texts';
import { Button, type Look } from './Button';

/** Open as long as it is in the page. */
export function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  // Closed while it is still in the page, it gives the focus back to where it was.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return ref;
}

export function Dialog({
  title,
  onClose,
  children,
  wide = false,
}: {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}) {
  const ref = useModal();
  const name = useId();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; this is the click beside it
    <dialog
      ref={ref}
      aria-labelledby={name}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
      className={`panel w-[calc(100vw-2rem)] p-0 shadow-shade ${wide ? 'max-w-3xl' : 'max-w-lg'}`}
    >
      <div className="flex max-h-[85dvh] flex-col">
        <div className="flex items-start justify-between gap-4 border-b border-line px-5 py-3.5">
          <h2 id={name} className="text-base font-semibold">
            {title}
          </h2>
          <Button look="quiet" small onClick={onClose} aria-label={texts.common.close}>
            ✕
          </Button>
        </div>
        <div className="overflow-auto px-5 py-4">{children}</div>
      </div>
    </dialog>
  );
}

/** Asks before something is done. */
export function Confirm({
  title,
  children,
  act,
  look = 'main',
  busy = false,
  onAct,
  onClose,
}: {
  title: string;
  children: ReactNode;
  /** What the button says that does it. */
  act: string;
  look?: Look;
  busy?: boolean;
  onAct: () => void;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <div className="flex flex-col gap-2 text-soft">{children}</div>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{texts.common.cancel}</Button>
          <Button look={look} disabled={busy} onClick={onAct}>
            {act}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** A dialog that is open or not. */
export function useOpen(): [boolean, () => void, () => void] {
  const [open, setOpen] = useState(false);
  return [open, () => setOpen(true), () => setOpen(false)];
}
