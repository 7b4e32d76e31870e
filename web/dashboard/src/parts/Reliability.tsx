/** The share of legitimate ones by score, with the interval it may lie in. Larger dots rest on more labels. */
import type { Counted } from '../api/types';
import { texts } from '../texts';

const SIDE = 200;
const LEFT = 40;
const BOTTOM = 30;
const TOP = 8;
const RIGHT = 10;
const WIDE = LEFT + 320 + RIGHT;
const HIGH = TOP + SIDE + BOTTOM;
const TICKS = [0, 25, 50, 75, 100];
const DOT_MIN = 3;
const DOT_MORE = 5;

const x = (score: number) => LEFT + (score / 100) * 320;
const y = (share: number) => TOP + (1 - share) * SIDE;

export function Reliability({ name, bins }: { name: string; bins: Counted['bins'] }) {
  const known = bins.flatMap(({ from, to, labelled, share }) =>
    share ? [{ at: (from + to) / 2, labelled, share }] : [],
  );
  const most = Math.max(...known.map((bin) => bin.labelled), 1);
  return (
    <svg
      role="img"
      aria-label={texts.calibration.curve(name)}
      viewBox={`0 0 ${WIDE} ${HIGH}`}
      className="w-full max-w-xl text-[10px] tabular-nums"
    >
      {TICKS.map((tick) => (
        <g key={tick}>
          <line
            x1={x(0)}
            x2={x(100)}
            y1={y(tick / 100)}
            y2={y(tick / 100)}
            className="stroke-line"
          />
          <text x={LEFT - 5} y={y(tick / 100) + 3} textAnchor="end" className="fill-soft">
            {tick} %
          </text>
          <text x={x(tick)} y={TOP + SIDE + 13} textAnchor="middle" className="fill-soft">
            {tick}
          </text>
        </g>
      ))}
      <text x={x(50)} y={HIGH - 4} textAnchor="middle" className="fill-soft">
        {texts.calibration.scoreAxis}
      </text>
      <line
        x1={x(0)}
        y1={y(0)}
        x2={x(100)}
        y2={y(1)}
        className="stroke-edge"
        strokeDasharray="5 4"
      />
      <polyline
        points={known.map(({ at, share }) => `${x(at)},${y(share.value)}`).join(' ')}
        fill="none"
        className="stroke-accent"
        strokeWidth={1.5}
      />
      {known.map(({ at, labelled, share }) => (
        <g key={at}>
          <line
            x1={x(at)}
            x2={x(at)}
            y1={y(share.low)}
            y2={y(share.high)}
            className="stroke-accent"
            strokeOpacity={0.5}
            strokeWidth={2}
          />
          <circle
            cx={x(at)}
            cy={y(share.value)}
            r={DOT_MIN + DOT_MORE * Math.sqrt(labelled / most)}
            className="fill-accent"
          />
        </g>
      ))}
    </svg>
  );
}
