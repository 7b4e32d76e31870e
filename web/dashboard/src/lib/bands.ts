/** Score bands. A band is told by its word and by marks, never by colour alone. */
export const BANDS = ['critical', 'poor', 'fair', 'good'] as const;
export type Band = (typeof BANDS)[number];

/** A band spans 25 points; the last one takes 100 too. */
export const BAND_POINTS = 25;

export function bandOf(score: number): Band {
  return BANDS[Math.min(3, Math.max(0, Math.floor(score / BAND_POINTS)))] ?? 'good';
}
