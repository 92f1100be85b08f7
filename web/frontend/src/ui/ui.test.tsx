import { render } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { FreshnessMark } from './FreshnessMark';
import { look } from './kinds';
import { safeUrl } from './safeUrl';
import { place } from './Sparkline';

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
