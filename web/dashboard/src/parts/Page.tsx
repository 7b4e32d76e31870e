/** The frame of a page: its name for the tab and its heading, what can be done, and what it shows. */
import { Link, useLocation } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { visible } from '../lib/hostile';
import { above } from '../navigation';
import { texts } from '../texts';

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${visible(title).slice(0, 80)} · Dregs`;
  }, [title]);
}

export function Page({
  title,
  heading,
  lead,
  actions,
  children,
}: {
  title: string;
  /** In the place of the title, when it is more than words. */
  heading?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useTitle(title);
  const upwards = above(useLocation().pathname);
  return (
    <div className="mx-auto flex w-full max-w-[1400px] flex-col gap-4 px-4 py-4 lg:px-6 lg:py-5">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          {upwards.length > 0 && (
            <nav aria-label={texts.nav.above} className="mb-0.5 flex gap-1.5 text-sm text-soft">
              {upwards.map((place) => (
                <span key={place.to} className="flex gap-1.5">
                  <Link to={place.to} className="link">
                    {place.label}
                  </Link>
                  <span aria-hidden="true">/</span>
                </span>
              ))}
            </nav>
          )}
          <h1 className="text-xl font-semibold">{heading ?? title}</h1>
          {lead && <div className="mt-0.5 text-soft">{lead}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

export function Panel({
  title,
  actions,
  children,
  className = '',
  id,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  id?: string;
}) {
  return (
    <section id={id} className={`panel min-w-0 ${className}`}>
      {(title || actions) && (
        <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-2.5">
          {title && <h2 className="font-semibold">{title}</h2>}
          {actions && (
            // On a narrow screen choices share a line of their own; less would cut their words.
            <div className="flex max-w-full min-w-0 flex-wrap items-center gap-2 max-sm:has-[select]:grow">
              {actions}
            </div>
          )}
        </div>
      )}
      {children}
    </section>
  );
}

/** Names and values. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[fit-content(40%)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
