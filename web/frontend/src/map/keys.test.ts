import { expect, it } from 'vitest';
import { offsetOf, zoomOf } from './keys';

it('arrows move a pin, with Shift by more', () => {
  expect(offsetOf('ArrowUp', false)).toEqual([0, -12]);
  expect(offsetOf('ArrowRight', true)).toEqual([60, 0]);
  expect(offsetOf('Enter', false)).toBeNull();
});

it('plus and minus zoom, with and without Shift', () => {
  expect(['+', '=', '-', '_', 'a'].map(zoomOf)).toEqual([1, 1, -1, -1, 0]);
});
