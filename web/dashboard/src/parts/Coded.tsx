/** Words of the program in which names stand between backticks. */
export function Coded({ children }: { children: string }) {
  return children.split('`').map((part, place) =>
    place % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text do not move
      <code key={place} className="text-[0.9em]">
        {part}
      </code>
    ) : (
      part
    ),
  );
}
