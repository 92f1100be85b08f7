import type { KeyboardEvent } from 'react';

const DOWN = (at: number, last: number) => Math.min(at + 1, last);
const UP = (at: number) => Math.max(at - 1, 0);
const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: DOWN,
  j: DOWN,
  ArrowUp: UP,
  k: UP,
  Home: () => 0,
  End: (_, last) => last,
};

/**
 * In a list the arrows (or J and K) go from row to row, Home and End to its ends; Tab goes on as everywhere.
 * A row is what has `data-ref` within the same `ul`.
 */
export function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const list = event.currentTarget.closest('ul');
  const rows = [...(list?.querySelectorAll<HTMLElement>('[data-ref]') ?? [])];
  event.preventDefault();
  rows[step(rows.indexOf(event.currentTarget), rows.length - 1)]?.focus();
}
