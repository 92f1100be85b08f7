import { expect, it } from 'vitest';
import type { Freshness } from '@/api/types';
import { feature, feed, observation, thing } from '../../tests/samples';
import { KEPT } from './apply';
import type { EventData, EventName, LiveEvent } from './frames';
import { untold } from './untold';

function event<N extends EventName>(name: N, data: Omit<EventData[N], 'feed_id' | 'city'>) {
  const from = { feed_id: 'feed-1', city: 'london' };
  const rest = { id: '1', topic: 'city:london', at: '2026-03-01T12:05:00Z' };
  return { ...rest, name, data: { ...from, ...data } } as unknown as LiveEvent;
}

it('features beyond those that an event shows are read again', () => {
  const changed = (count: number) =>
    event('FeaturesChanged', { kind: 'news', items: [feature()], changed: count, withdrawn: [] });

  expect(untold({ features: [] }, changed(1))).toEqual([]);
  expect(untold({ features: [] }, changed(1_500))).toEqual(['features']);
});

it('a thing that is new is read, as long as the page can keep more', () => {
  const added = event('ObservationsAdded', { items: [observation()] });
  const full = Array.from({ length: KEPT }, (_, i) => thing({ id: `t-${i + 2}` }));

  expect(untold({ things: [thing()] }, added)).toEqual([]);
  expect(untold({ things: [] }, added)).toEqual(['things']);
  expect(untold({ things: full }, added)).toEqual([]);
});

it('what a feed holds is read again when it is better than before, or was never heard of', () => {
  const now = (freshness: Freshness) => event('FreshnessChanged', { freshness });
  const late = { feeds: [feed({ freshness: 'late' })] };
  const all = ['features', 'vehicles', 'things', 'feeds'];

  expect(untold(late, now('fresh'))).toEqual(all);
  expect(untold({ feeds: [] }, now('fresh'))).toEqual(all);
  expect(untold(late, now('late'))).toEqual([]);
  expect(untold(late, now('stale'))).toEqual([]);
});
