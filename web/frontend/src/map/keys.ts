/** How the keyboard moves a pin: by what is seen, so that a step is shorter the nearer the map is looked at. */

const STEP_PX = 12;
const STRIDE = 5;

type Offset = [x: number, y: number];

const DIRECTIONS: Record<string, Offset> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** By how many pixels a key moves the pin, with Shift by more; null for any other key. Pure. */
export function offsetOf(key: string, shift: boolean): Offset | null {
  const direction = DIRECTIONS[key];
  if (!direction) return null;
  const pixels = STEP_PX * (shift ? STRIDE : 1);
  return [direction[0] * pixels, direction[1] * pixels];
}

/** By how many levels a key zooms; 0 for any other key. Pure. */
export function zoomOf(key: string): number {
  return key === '+' || key === '=' ? 1 : key === '-' || key === '_' ? -1 : 0;
}
