/** The four scores over time. Loaded when it is first shown. */
import { useEffect, useRef } from 'react';
import type uPlot from 'uplot';
import { CATEGORIES, type HistoryEntry, scoreOf } from '../api/types';
import { clock, day, moment, shortClock } from '../lib/format';
import { texts } from '../texts';
import { useTheme } from '../theme';
import { axisLook, color, drawPlot } from './plot';

export interface Marker {
  at: string;
  /** One letter that the legend explains. */
  sign: string;
  title: string;
}

const HEIGHT_PX = 240;
/** Above the best score there is room for the signs of what happened. */
const HEAD_POINTS = 110;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
/** Analyses of one moment stand apart, and no axis repeats one label. */
const SPAN_SECONDS_MIN = 300;
/** Told apart by their dashes too. */
const LINES: [string, number[]][] = [
  ['--accent', []],
  ['--poor-fill', [6, 4]],
  ['--critical-fill', [2, 3]],
  ['--good-fill', [10, 3, 2, 3]],
];

/** As precise as what is shown is long. */
function clockOrDay(_: uPlot, splits: number[]): string[] {
  const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0);
  const told = span > DAY_SECONDS ? day : span > HOUR_SECONDS ? shortClock : clock;
  return splits.map((at) => told(new Date(at * 1000).toISOString()));
}

function wideEnough(_: uPlot, min: number, max: number): [number, number] {
  const lack = Math.max(0, SPAN_SECONDS_MIN - (max - min));
  return [min - lack / 2, max + lack / 2];
}

/** Between the two analyses that are compared. */
function drawCompared({ ctx, bbox, valToPos }: uPlot, compared: number[]) {
  const [from, to] = [Math.min(...compared), Math.max(...compared)];
  if (!(from < to)) return;
  const [left, right] = [valToPos(from, 'x', true), valToPos(to, 'x', true)];
  ctx.save();
  ctx.fillStyle = color('--accent-wash');
  ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
  ctx.restore();
}

function drawMarkers({ ctx, bbox, valToPos }: uPlot, markers: Marker[]) {
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.strokeStyle = color('--edge');
  ctx.fillStyle = color('--soft');
  ctx.setLineDash([3, 3]);
  for (const marker of markers) {
    const x = valToPos(Date.parse(marker.at) / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + 16 * devicePixelRatio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(marker.sign, x, bbox.top + 12 * devicePixelRatio);
  }
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
    const compared = history.flatMap((entry, index) =>
      marked.includes(entry.id) ? [times[index] ?? 0] : [],
    );
    const axis = axisLook();
    return drawPlot(
      box,
      {
        height: HEIGHT_PX,
        scales: { x: { range: wideEnough }, y: { range: [0, HEAD_POINTS] } },
        axes: [
          { ...axis, values: clockOrDay, space: 90 },
          { ...axis, size: 40, incrs: [25, 50] },
        ],
        cursor: { drag: { x: true, y: false } },
        series: [
          {
            label: texts.history.time,
            value: (_, at) => (at === null ? '' : moment(new Date(at * 1000).toISOString())),
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
          drawClear: [(plot) => drawCompared(plot, compared)],
          draw: [(plot) => drawMarkers(plot, markers)],
        },
      },
      [
        times,
        ...CATEGORIES.map((category) => history.map((entry) => scoreOf(entry, category))),
      ] as uPlot.AlignedData,
      (at) => {
        const entry = history[at];
        if (entry) pick.current(entry.id);
      },
    );
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
