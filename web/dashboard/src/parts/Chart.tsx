/** The four scores over time. Loaded when it is first shown. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { CATEGORIES, type HistoryEntry, scoreOf } from '../api/types';
import { clock, day, moment } from '../lib/format';
import { texts } from '../texts';
import { useTheme } from '../theme';

export interface Marker {
  at: string;
  /** One letter that the legend explains. */
  sign: string;
  title: string;
}

const HEIGHT_PX = 240;
const DAY_SECONDS = 86_400;
/** Told apart by their dashes too. */
const LINES: [string, number[]][] = [
  ['--accent', []],
  ['--poor-fill', [6, 4]],
  ['--critical-fill', [2, 3]],
  ['--good-fill', [10, 3, 2, 3]],
];

/** As precise as what is shown is long. */
function clockOrDay(_: uPlot, splits: number[]): string[] {
  const long = (splits.at(-1) ?? 0) - (splits[0] ?? 0) > DAY_SECONDS;
  return splits.map((at) => {
    const iso = new Date(at * 1000).toISOString();
    return long ? day(iso) : clock(iso);
  });
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function drawMarkers(plot: uPlot, markers: Marker[], marked: number[]) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.strokeStyle = color('--edge');
  ctx.fillStyle = color('--soft');
  const line = (x: number, dash: number[]) => {
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  };
  for (const marker of markers) {
    const x = plot.valToPos(Date.parse(marker.at) / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    line(x, [3, 3]);
    ctx.fillText(marker.sign, x, bbox.top + 12 * devicePixelRatio);
  }
  ctx.strokeStyle = color('--accent');
  for (const at of marked) line(plot.valToPos(at, 'x', true), []);
  ctx.restore();
}

export default function Chart({
  history,
  markers,
  marked,
  onPick,
}: {
  /** Oldest first. */
  history: HistoryEntry[];
  markers: Marker[];
  /** Ids of cycles that are compared. */
  marked: string[];
  onPick: (cycleId: string) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  const { dark } = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew when the theme changes
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const times = history.map((entry) => Date.parse(entry.finishedAt) / 1000);
    const at = history.flatMap((entry, index) =>
      marked.includes(entry.id) ? [times[index] ?? 0] : [],
    );
    const axis = {
      stroke: color('--soft'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { stroke: color('--line') },
    };
    const plot = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT_PX,
        scales: { y: { range: [0, 100] } },
        axes: [
          { ...axis, values: clockOrDay, space: 90 },
          { ...axis, size: 40 },
        ],
        cursor: { drag: { x: true, y: false } },
        legend: { live: true },
        series: [
          {
            label: texts.history.time,
            value: (_, at) => (at === null ? '–' : moment(new Date(at * 1000).toISOString())),
          },
          ...CATEGORIES.map((category, index) => ({
            label: texts.categories[category].name,
            stroke: color(LINES[index]?.[0] ?? '--accent'),
            dash: LINES[index]?.[1],
            width: 2,
            points: { show: history.length < 60, size: 5 },
            spanGaps: true,
          })),
        ],
        hooks: {
          draw: [(drawn) => drawMarkers(drawn, markers, at)],
        },
      },
      [
        times,
        ...CATEGORIES.map((category) => history.map((entry) => scoreOf(entry, category))),
      ] as uPlot.AlignedData,
      box,
    );
    const onClick = () => {
      const entry = history[plot.cursor.idx ?? -1];
      if (entry) pick.current(entry.id);
    };
    plot.over.addEventListener('click', onClick);
    const watch = new ResizeObserver(() =>
      plot.setSize({ width: box.clientWidth, height: HEIGHT_PX }),
    );
    watch.observe(box);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [history, markers, marked, dark]);
  return (
    <div
      ref={place}
      className="min-w-0 overflow-hidden"
      role="img"
      aria-label={texts.history.chart}
    />
  );
}
