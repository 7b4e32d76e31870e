/** Tabs whose choice is in the address bar. Arrow keys move between them. */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { useSearch, useSetSearch } from './useSearch';

export interface Tab {
  key: string;
  label: ReactNode;
  show: () => ReactNode;
}

export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  const { tab } = useSearch();
  const setSearch = useSetSearch();
  const id = useId();
  const current = tabs.find((one) => one.key === tab) ?? tabs[0];
  const row = useRef<HTMLDivElement>(null);
  // On a narrow screen the chosen one may stand beyond the edge.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when another is chosen
  useEffect(() => {
    const chosen = row.current?.querySelector<HTMLElement>('[aria-selected=true]');
    if (row.current && chosen)
      row.current.scrollLeft =
        chosen.offsetLeft - (row.current.clientWidth - chosen.clientWidth) / 2;
  }, [current?.key]);
  function onKeyDown(event: KeyboardEvent) {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step || !current) return;
    const next = tabs[(tabs.indexOf(current) + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    setSearch({ tab: next.key });
    document.getElementById(`${id}-${next.key}`)?.focus();
  }
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div
        ref={row}
        role="tablist"
        aria-label={label}
        onKeyDown={onKeyDown}
        className="relative -mx-1 flex gap-1 overflow-x-auto border-b border-line px-1 pt-1"
      >
        {tabs.map((one) => (
          <button
            key={one.key}
            id={`${id}-${one.key}`}
            type="button"
            role="tab"
            aria-selected={one === current}
            aria-controls={`${id}-panel`}
            tabIndex={one === current ? 0 : -1}
            onClick={() => setSearch({ tab: one.key })}
            className={`-mb-px h-9 shrink-0 border-b-2 px-3 whitespace-nowrap ${one === current ? 'border-accent font-medium text-accent' : 'border-transparent text-soft hover:text-ink'}`}
          >
            {one.label}
          </button>
        ))}
      </div>
      <div
        id={`${id}-panel`}
        role="tabpanel"
        aria-labelledby={`${id}-${current?.key}`}
        className="min-w-0"
      >
        {current?.show()}
      </div>
    </div>
  );
}
