/** What is shown where there is nothing, not yet, or a failure. */
import type { ReactNode } from 'react';
import { Problem } from '../api/client';
import { texts } from '../texts';
import { Button } from './Button';

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-soft">{children}</div>}
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : null;
  const gone = problem?.status === 404;
  return (
    <div role="alert" className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <p className="font-medium">{gone ? texts.errors.gone : texts.errors.failed}</p>
      <p className="said max-w-prose text-soft">
        {error instanceof Error ? error.message : texts.errors.unknown}
      </p>
      {problem?.requestId && (
        <p className="text-xs text-soft">
          {texts.errors.requestLabel} <code className="select-all">{problem.requestId}</code>
        </p>
      )}
      {retry && !gone && <Button onClick={retry}>{texts.common.retry}</Button>}
    </div>
  );
}

export function Loading({ lines = 4, className = '' }: { lines?: number; className?: string }) {
  return (
    <div className={`flex flex-col gap-3 ${className}`} role="status">
      <span className="sr-only">{texts.common.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <span key={line} className={`skeleton h-4 ${line % 3 === 2 ? 'w-3/5' : 'w-full'}`} />
      ))}
    </div>
  );
}

export interface Query<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** The three states of something that is fetched. */
export function Fetched<T>({
  query,
  lines,
  children,
}: {
  query: Query<T>;
  lines?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failed error={query.error} retry={() => query.refetch()} />;
  return <Loading lines={lines} className="p-4" />;
}
