/** What a name may mean, by the words it shares with names whose meaning is known. */

interface Known {
  source: string;
  target: string;
}

/** Fewer shared words than this say nothing. */
const SHARE_MIN = 0.5;

/** `cart.itemAdded` as cart, item and add: endings of English verbs and plurals do not matter. */
function words(name: string): Set<string> {
  const parts = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return new Set(parts.filter(Boolean).map((part) => part.replace(/(?<=..)(ed|e|s)$/, '')));
}

export function guessTarget(name: string, known: Known[]): string | undefined {
  const wanted = words(name);
  let best: { target: string; share: number } | undefined;
  for (const { source, target } of known) {
    const have = words(source);
    const shared = [...have].filter((word) => wanted.has(word)).length;
    const share = shared / (have.size + wanted.size - shared);
    if (share >= SHARE_MIN && share > (best?.share ?? 0)) best = { target, share };
  }
  return best?.target;
}
