import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { Button } from './Button';
import { FreshnessMark } from './FreshnessMark';
import { look } from './kinds';
import { safeUrl } from './safeUrl';
import { place } from './Sparkline';

describe('a button that cannot be used now', () => {
  it('keeps the focus of whoever pressed it, and does nothing', async () => {
    const [send, press] = [vi.fn(), vi.fn()];
    const form = (busy: boolean) => (
      <form onSubmit={send}>
        <input />
        <Button type="submit" disabled={busy} onClick={press}>
          Send
        </Button>
      </form>
    );
    const { rerender } = render(form(false));
    const button = screen.getByRole('button');
    button.focus();
    rerender(form(true));
    await userEvent.keyboard('{Enter} ');

    expect(document.activeElement).toBe(button);
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect([...send.mock.calls, ...press.mock.calls]).toEqual([]);
  });
});

describe('FreshnessMark', () => {
  it.each(['fresh', 'late', 'stale', 'dead'] as const)(
    'says %s by a word and by a shape of its own',
    (level) => {
      const { container } = render(<FreshnessMark freshness={level} />);

      expect(container.textContent?.length).toBeGreaterThan(2);
      expect(container.querySelector('svg')?.children).toHaveLength(level === 'late' ? 2 : 1);
    },
  );

  it('draws no two levels alike', () => {
    const drawn = (['fresh', 'late', 'stale', 'dead'] as const).map(
      (level) =>
        render(<FreshnessMark freshness={level} />).container.querySelector('svg')?.innerHTML,
    );

    expect(new Set(drawn).size).toBe(4);
  });
});

describe('a sparkline', () => {
  it('leaves a gap in time where a value is missing', () => {
    const points = place([1, null, 3], 66, 24);

    expect(points.map(([x]) => x)).toEqual([3, 63]);
  });

  it('lies in the middle when nothing changes', () => {
    expect(place([5, 5], 66, 24).map(([, y]) => y)).toEqual([12, 12]);
  });
});

it('an unknown kind is still drawn', () => {
  expect(look('hovercraft')).toEqual({ icon: 'station', colour: 'muted' });
});

it('only web addresses become links', () => {
  expect(safeUrl('https://example.org/a')).toBe('https://example.org/a');
  expect(safeUrl('javascript:alert(1)')).toBeUndefined();
  expect(safeUrl('nonsense')).toBeUndefined();
});
