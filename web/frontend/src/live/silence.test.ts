import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { thing, vehicle } from '../../tests/samples';
import { fade, faded, unheard } from './silence';

const MINUTE = 60_000;

it('the longer nothing is heard the older it is taken for, and never for dead', () => {
  expect([0, 1, 10, 1_000].map((minutes) => unheard(minutes * MINUTE))).toEqual([
    'fresh',
    'late',
    'stale',
    'stale',
  ]);
});

it('every freshness in an answer fades, and none gets better', () => {
  const answer = {
    tiles: [{ freshness: 'fresh', value: 3 }, { freshness: null }],
    items: [vehicle({ freshness: 'dead' }), vehicle({ freshness: 'late' })],
    properties: { freshness: 'of the bread' },
  };

  expect(faded(answer, 'late')).toEqual({
    ...answer,
    tiles: [{ freshness: 'late', value: 3 }, { freshness: null }],
  });
  expect(faded(answer, 'fresh')).toBe(answer);
});

it('what was read since the stream was lost is as old as its reading', () => {
  const cache = new QueryClient();
  const now = Date.now();
  const [read, missed] = [[thing()], [thing()]];
  cache.setQueryData(['read'], read, { updatedAt: now });
  cache.setQueryData(['missed'], missed, { updatedAt: now - 2 * MINUTE });

  expect(fade(cache, now - 3 * MINUTE, now)).toBe(true);
  expect(cache.getQueryData(['read'])).toBe(read);
  expect(cache.getQueryData(['missed'])).toMatchObject([{ freshness: 'late' }]);
  expect(cache.getQueryState(['missed'])?.dataUpdatedAt).toBe(now - 2 * MINUTE);
  expect(fade(cache, now - 3 * MINUTE, now)).toBe(false);
});
