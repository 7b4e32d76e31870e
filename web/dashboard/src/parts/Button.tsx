import type { ButtonHTMLAttributes } from 'react';

const LOOKS = {
  plain: 'border-edge bg-panel text-ink hover:bg-sunken',
  main: 'border-accent bg-accent text-accent-ink hover:opacity-90',
  danger: 'border-critical bg-panel text-critical hover:bg-critical-wash',
  quiet: 'border-transparent bg-transparent text-soft hover:bg-sunken hover:text-ink',
};

export type Look = keyof typeof LOOKS;

export function buttonClass(look: Look = 'plain', small = false): string {
  const size = small ? 'h-7 px-2 text-xs' : 'h-[34px] px-3';
  return `inline-flex shrink-0 items-center justify-center gap-1.5 rounded-[7px] border font-medium whitespace-nowrap disabled:opacity-50 ${size} ${LOOKS[look]}`;
}

export function Button({
  look,
  small,
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: Look; small?: boolean }) {
  return <button type="button" {...rest} className={`${buttonClass(look, small)} ${className}`} />;
}
