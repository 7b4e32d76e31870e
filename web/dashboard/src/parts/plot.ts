/** What the charts share: colours of the theme, axes, and a plot that is as wide as its box. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function axisLook(): uPlot.Axis {
  return {
    stroke: color('--soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line') },
  };
}

/** Draws into the box until it is told to stop. The legend has values while the pointer is on the plot. */
export function drawPlot(
  box: HTMLElement,
  options: Omit<uPlot.Options, 'width'>,
  data: uPlot.AlignedData,
  onClick?: (at: number) => void,
): () => void {
  const plot = new uPlot(
    {
      ...options,
      width: box.clientWidth,
      legend: { live: true },
      hooks: {
        ...options.hooks,
        setCursor: [
          ({ cursor }) => box.classList.toggle('plot-pointed', typeof cursor.idx === 'number'),
        ],
      },
    },
    data,
    box,
  );
  // The picture has a name, and its figures stand as a table beside it.
  box.querySelector('.u-legend')?.setAttribute('aria-hidden', 'true');
  plot.over.addEventListener('click', () => {
    if (typeof plot.cursor.idx === 'number') onClick?.(plot.cursor.idx);
  });
  const watch = new ResizeObserver(() =>
    plot.setSize({ width: box.clientWidth, height: options.height }),
  );
  watch.observe(box);
  return () => {
    watch.disconnect();
    plot.destroy();
  };
}
