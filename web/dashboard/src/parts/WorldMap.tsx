/** Where something was seen, on a small map of dots. Loaded when it is first shown; a table says the same. */
import { landPath, type Point, place, WORLD } from '../lib/world';

export interface Spot {
  key: string;
  name: string;
  at: Point;
  /** How much was seen there: the more, the larger. */
  count: number;
}

const LAND = landPath();
const RADIUS = { least: 2, most: 6 };

export default function WorldMap({ label, spots }: { label: string; spots: Spot[] }) {
  const most = Math.max(1, ...spots.map((spot) => spot.count));
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WORLD.east - WORLD.west} ${WORLD.north - WORLD.south}`}
      className="block max-h-80 w-full"
    >
      <path
        d={LAND}
        className="stroke-edge/45"
        strokeWidth="1.5"
        strokeLinecap="round"
        fill="none"
      />
      {spots.map(({ key, name, at, count }) => {
        const [x, y] = place(at);
        const radius = RADIUS.least + (RADIUS.most - RADIUS.least) * Math.sqrt(count / most);
        return (
          <g key={key}>
            <title>{name}</title>
            <circle cx={x} cy={y} r={radius + 2} className="fill-accent/25" />
            <circle
              cx={x}
              cy={y}
              r={radius}
              className="fill-accent stroke-panel"
              strokeWidth="0.8"
            />
          </g>
        );
      })}
    </svg>
  );
}
