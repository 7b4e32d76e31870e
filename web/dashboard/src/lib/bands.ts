/** Score bands. A band is told by its word and by marks, never by colour alone. */
export const BANDS = ['critical', 'poor', 'fair', 'good'] as const;
export type Band = (typeof BANDS)[number];

/** A band spans 25 points; the last one takes 100 too. */
export const BAND_POINTS = 25;

export function bandOf(score: number): Band {
  return BANDS[Math.min(3, Math.max(0, Math.floor(score / BAND_POINTS)))] ?? 'good';
}

/** Both ends of a band, included. */
export function bandRange(band: Band): [number, number] {
  const place = BANDS.indexOf(band);
  return [place * BAND_POINTS, place === 3 ? 100 : place * BAND_POINTS + BAND_POINTS - 1];
}
