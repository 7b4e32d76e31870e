/** The key that does the same as the button it stands in; a list of keys says it to whoever does not see it. */
export function Key({ children }: { children: string }) {
  return (
    <span
      aria-hidden="true"
      className="hidden rounded border border-current px-1 font-mono text-[0.65rem] leading-4 opacity-70 lg:inline"
    >
      {children}
    </span>
  );
}
