interface Props {
  values: (number | null)[];
  width?: number;
  height?: number;
  /** Dimmed when the last value is not fresh. */
  dim?: boolean;
}

/** The last day as a line; the number beside it carries the meaning. */
export function Sparkline({ values, width = 72, height = 24, dim }: Props) {
  const points = place(values, width, height);
  const last = points.at(-1);
  if (points.length < 2 || !last) return null;
  const line = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L');
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      className={dim ? 'text-control' : 'text-accent'}
    >
      <path
        d={`M${line}L${last[0]} ${height}L${points[0]?.[0] ?? 0} ${height}Z`}
        fill="currentColor"
        opacity="0.1"
      />
      <path
        d={`M${line}`}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
      <circle cx={last[0]} cy={last[1]} r="2.2" fill="currentColor" />
    </svg>
  );
}

/** Points of the known values within the box; a flat line lies in the middle. */
export function place(
  values: (number | null)[],
  width: number,
  height: number,
): [x: number, y: number][] {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  const step = (width - 6) / Math.max(1, values.length - 1);
  return values.flatMap((value, i) => {
    if (value === null) return [];
    const share = span === 0 ? 0.5 : (value - low) / span;
    return [[3 + i * step, height - 3 - share * (height - 6)]];
  });
}
