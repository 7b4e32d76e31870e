/** One figure over time as bars, and another beside it as a line. Loaded when it is first shown. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { axisNumbers, number } from '../lib/format';
import { useTheme } from '../theme';
import { axisLook, color, drawPlot } from './plot';

const HEIGHT_PX = 220;
const BAR_SHARE = 0.7;
const BAR_PX_MAX = 48;
/** Between the lines of the axis: nothing here comes in parts. */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, digits) =>
  [1, 2, 5].map((step) => step * 10 ** digits),
).flat();

export interface Figures {
  label: string;
  values: number[];
}

export default function BarChart({
  label,
  starts,
  name,
  bars,
  line,
}: {
  /** For whom the picture says nothing. */
  label: string;
  /** When each bar begins, in words; `name` is what they are. */
  starts: string[];
  name: string;
  bars: Figures;
  line?: Figures;
}) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew when the theme changes
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const axis = axisLook();
    const figure = (_: uPlot, value: number | null) => (value === null ? '' : number(value));
    return drawPlot(
      box,
      {
        height: HEIGHT_PX,
        scales: {
          x: { time: false, range: [-0.6, starts.length - 0.4] },
          y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: 90,
            incrs: [1, 2, 3, 4, 6, 12, 24],
            values: (_plot, at) => at.map((bar) => starts[bar] ?? ''),
          },
          {
            ...axis,
            size: 56,
            incrs: WHOLE_STEPS,
            values: (_plot, at) => axisNumbers(at),
          },
        ],
        cursor: { drag: { x: false, y: false }, y: false },
        series: [
          { label: name, value: (_plot, at) => starts[at] ?? '' },
          {
            label: bars.label,
            fill: color('--accent'),
            stroke: color('--accent'),
            width: 0,
            points: { show: false },
            paths: uPlot.paths.bars?.({ size: [BAR_SHARE, BAR_PX_MAX], radius: 0.1 }),
            value: figure,
          },
          ...(line
            ? [
                {
                  label: line.label,
                  stroke: color('--poor-fill'),
                  width: 2,
                  dash: [6, 4],
                  points: { show: starts.length < 60, size: 6 },
                  value: figure,
                },
              ]
            : []),
        ],
      },
      [starts.map((_, bar) => bar), bars.values, ...(line ? [line.values] : [])],
    );
  }, [starts, name, bars, line, dark]);
  return <div ref={place} className="min-w-0 overflow-hidden" role="img" aria-label={label} />;
}
