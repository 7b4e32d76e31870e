/** Count, mean, deviation and extremes of a stream of numbers in constant memory (Welford). */
export interface Stats {
  add(value: number): void;
  summary(): StatsSummary | null;
}

export type StatsSummary = { n: number; min: number; max: number; mean: number; sd: number };

export function newStats(): Stats {
  let n = 0;
  let mean = 0;
  let squares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  return {
    add(value) {
      if (!Number.isFinite(value)) return;
      n += 1;
      const delta = value - mean;
      mean += delta / n;
      squares += delta * (value - mean);
      min = Math.min(min, value);
      max = Math.max(max, value);
    },
    summary() {
      if (n === 0) return null;
      const sd = Math.sqrt(squares / n);
      return { n, min: tenth(min), max: tenth(max), mean: tenth(mean), sd: tenth(sd) };
    },
  };
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
