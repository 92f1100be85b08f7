import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useText } from '@/i18n/useText';
import 'uplot/dist/uPlot.min.css';

interface Props {
  /** Unix seconds and value, oldest first. */
  points: [number, number][];
  label: string;
  unit: string;
  height?: number;
}

/** A line over time; sized by its box, coloured by the tokens. */
export function Chart({ points, label, unit, height = 160 }: Props) {
  const { clock } = useText();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const axis = {
      stroke: colour('muted'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: colour('line'), width: 1 },
      ticks: { show: false },
    };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { points: { size: 6 } },
        series: [{}, { label: `${label} (${unit})`, stroke: colour('accent'), width: 1.5 }],
        axes: [
          { ...axis, values: (_, times) => times.map((at) => clock(at * 1_000)) },
          { ...axis, size: 36 },
        ],
      },
      [points.map(([at]) => at), points.map(([, value]) => value)],
      element,
    );
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [points, label, unit, height, clock]);
  return <div ref={box} style={{ height }} role="img" aria-label={label} />;
}
