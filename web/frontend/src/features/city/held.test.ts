import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { hold, useHeld } from './held';

const rows = (...refs: string[]) => refs.map((ref) => ({ ref }));
const refs = (items: { ref: string }[]) => items.map((item) => item.ref);

describe('hold', () => {
  it('keeps known rows in their places and counts those that wait', () => {
    const { shown, waiting } = hold(rows('new', 'b', 'a'), ['a', 'b']);

    expect(refs(shown)).toEqual(['a', 'b']);
    expect(waiting).toBe(1);
  });

  it('drops a row that is gone', () => {
    expect(hold(rows('b'), ['a', 'b'])).toEqual({ shown: rows('b'), waiting: 0 });
  });
});

describe('useHeld', () => {
  const start = () =>
    renderHook(({ items, atTop, key }) => useHeld(items, atTop, key), {
      initialProps: { items: rows('a'), atTop: true, key: 'all' },
    });

  it('follows along at the top', () => {
    const { result, rerender } = start();
    rerender({ items: rows('b', 'a'), atTop: true, key: 'all' });

    expect(refs(result.current.shown)).toEqual(['b', 'a']);
  });

  it('holds new rows away from the top until they are asked for', () => {
    const { result, rerender } = start();
    rerender({ items: rows('b', 'a'), atTop: false, key: 'all' });
    expect(refs(result.current.shown)).toEqual(['a']);
    expect(result.current.waiting).toBe(1);

    act(() => result.current.release());
    expect(refs(result.current.shown)).toEqual(['b', 'a']);
    expect(result.current.waiting).toBe(0);
  });

  it('starts anew when the filter changes, wherever the reader is', () => {
    const { result, rerender } = start();
    rerender({ items: rows('x', 'y'), atTop: false, key: 'other' });

    expect(refs(result.current.shown)).toEqual(['x', 'y']);
  });
});
