/** The frame of what is shown before anybody is signed in. */
import type { FormEvent, ReactNode } from 'react';
import { useTitle } from './Page';

export function Door({
  title,
  onSubmit,
  children,
}: {
  title: string;
  onSubmit?: () => void;
  children: ReactNode;
}) {
  useTitle(title);
  function submit(event: FormEvent) {
    event.preventDefault();
    onSubmit?.();
  }
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <form
        onSubmit={submit}
        className="panel flex w-full max-w-sm flex-col gap-4 p-6 shadow-shade"
      >
        <div className="flex items-center gap-2.5">
          <img src="/favicon.svg" alt="" width="30" height="30" />
          <h1 className="text-xl font-semibold">{title}</h1>
        </div>
        {children}
      </form>
    </main>
  );
}
