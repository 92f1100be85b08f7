import { describe, expect, it } from 'vitest';
import { feature, feed, observation, report, thing, times, vehicle } from '../../tests/samples';
import { apply, KEPT_PER_KIND, KEPT_VEHICLES } from './apply';
import type { AddedObservation, EventData, EventName, LiveEvent } from './frames';

function event<N extends EventName>(name: N, data: EventData[N]): LiveEvent {
  return { id: '1', topic: 'city:london', name, data, at: '2026-03-01T12:05:00Z' } as LiveEvent;
}
const from = { feed_id: 'feed-1', city: 'london' };

describe('FeaturesChanged', () => {
  const changed = (items = [feature()], withdrawn: string[] = []) =>
    event('FeaturesChanged', { ...from, kind: 'road_work', items, changed: 1, withdrawn });

  it('puts a new item first', () => {
    const old = feature({ id: 'old', updated_at: '2026-03-01T11:00:00Z' });

    const after = apply({ features: [old] }, changed());

    expect(after.features?.map((f) => f.id)).toEqual(['f-1', 'old']);
  });

  it('replaces an item by its newer version and keeps it from an older one', () => {
    const state = { features: [feature({ version: 2, title: 'second' })] };

    expect(
      apply(state, changed([feature({ version: 3, title: 'third' })])).features?.[0]?.title,
    ).toBe('third');
    expect(apply(state, changed([feature({ version: 1 })])).features?.[0]?.title).toBe('second');
  });

  it('takes out what was withdrawn', () => {
    expect(apply({ features: [feature()] }, changed([], ['f-1'])).features).toEqual([]);
  });

  it('keeps the other kinds when one has thousands', () => {
    const many = Array.from({ length: KEPT_PER_KIND + 20 }, (_, i) =>
      feature({ id: `w-${i}`, updated_at: '2026-03-01T12:30:00Z' }),
    );
    const lone = feature({ id: 'e', kind: 'event', updated_at: '2026-01-01T00:00:00Z' });

    const after = apply({ features: [lone] }, changed(many)).features ?? [];

    expect(after).toHaveLength(KEPT_PER_KIND + 1);
    expect(after.at(-1)?.id).toBe('e');
  });

  it('is harmless twice', () => {
    const once = apply({ features: [] }, changed());

    expect(apply(once, changed())).toEqual(once);
  });

  it('leaves a slice that was never read unread', () => {
    expect(apply({}, changed())).toEqual({});
  });
});

describe('VehiclesMoved', () => {
  const to = {
    id: 'v-1',
    external_id: '77',
    kind: 'bus' as const,
    label: '77',
    route: '12',
    lon: -0.2,
    lat: 51.6,
    bearing: 180,
    observed_at: '2026-03-01T12:04:00Z',
  };

  it('moves a known vehicle and keeps the rest of it', () => {
    const after = apply({ vehicles: [vehicle()] }, event('VehiclesMoved', { ...from, items: [to] }))
      .vehicles?.[0];

    expect(after).toMatchObject({ lon: -0.2, lat: 51.6, speed_mps: 4 });
    expect(after?.times.observed_at).toBe('2026-03-01T12:04:00Z');
  });

  it('makes a vehicle fresh by what was just observed of it, and by nothing older', () => {
    const state = { vehicles: [vehicle({ freshness: 'stale' })], feeds: [feed()] };
    const after = (over: Partial<typeof to>) =>
      apply(state, event('VehiclesMoved', { ...from, items: [{ ...to, ...over }] })).vehicles;
    const old = { observed_at: '2026-03-01T11:00:00Z' };

    expect(after({})?.[0]?.freshness).toBe('fresh');
    expect(after(old)?.[0]?.freshness).toBe('stale');
    expect(after({ ...old, id: 'v-new' })?.[1]?.freshness).toBe('late');
  });

  it('adds an unknown vehicle with the source of its feed', () => {
    const state = { vehicles: [], feeds: [feed()] };

    const after = apply(state, event('VehiclesMoved', { ...from, items: [to] }));

    expect(after.vehicles?.[0]?.source).toMatchObject({ name: 'Street works', simulated: true });
  });

  it('takes away a vehicle that is gone, and one that it never knew without a word', () => {
    const state = { vehicles: [vehicle(), vehicle({ id: 'v-2' })] };

    const after = apply(
      state,
      event('VehiclesMoved', { ...from, items: [], gone: ['v-1', 'v-9'] }),
    );

    expect(after.vehicles?.map(({ id }) => id)).toEqual(['v-2']);
  });

  it('keeps as many as the API gives', () => {
    const all = Array.from({ length: KEPT_VEHICLES }, (_, i) => vehicle({ id: `v-${i + 1}` }));

    const after = apply({ vehicles: all }, event('VehiclesMoved', { ...from, items: [to] }));

    expect(after.vehicles).toHaveLength(10_000);
    expect(after.vehicles?.[0]).toMatchObject({ lon: -0.2, lat: 51.6 });
  });

  it('does not show a vehicle whose source nobody knows', () => {
    const after = apply({ vehicles: [] }, event('VehiclesMoved', { ...from, items: [to] }));

    expect(after.vehicles).toEqual([]);
  });
});

it('ObservationsAdded keeps the newest result of a datastream', () => {
  const add = (over: Partial<AddedObservation>) =>
    apply(
      { things: [thing({ freshness: 'late' })] },
      event('ObservationsAdded', { ...from, items: [observation(over)] }),
    ).things?.[0];

  const newer = add({});
  expect(newer?.datastreams[0]?.result).toBe(9);
  expect(newer?.times.observed_at).toBe('2026-03-01T12:04:00Z');
  expect(newer?.freshness).toBe('fresh');

  const older = add({ phenomenon_time: '2026-03-01T11:00:00Z' });
  expect(older?.datastreams[0]?.result).toBe(5);
  expect(older?.times.observed_at).toBe(times.observed_at);
  expect(older?.freshness).toBe('late');
});

it('ReportChanged ignores news older than what is known', () => {
  const state = { reports: [report({ updated_at: '2026-03-01T12:10:00Z', status: 'resolved' })] };
  const older = report({ updated_at: '2026-03-01T12:05:00Z' });

  const after = apply(
    state,
    event('ReportChanged', { report_id: 'r-1', city: 'london', report: older }),
  );

  expect(after.reports?.[0]?.status).toBe('resolved');
});

it('FreshnessChanged ages every item of that feed and no other', () => {
  const other = feature({ id: 'f-2', source: { ...feature().source, feed_id: 'feed-2' } });
  const state = { features: [feature(), other], vehicles: [vehicle()], feeds: [feed()] };

  const after = apply(state, event('FreshnessChanged', { ...from, freshness: 'stale' }));

  expect(after.features?.map((f) => f.freshness)).toEqual(['stale', 'fresh']);
  expect(after.vehicles?.[0]?.freshness).toBe('stale');
  expect(after.feeds?.[0]?.freshness).toBe('stale');
});

it('lists of which nothing changed stay the same, and are not drawn anew', () => {
  const state = { features: [feature()], vehicles: [vehicle()], things: [thing()] };

  const after = apply(
    state,
    event('FreshnessChanged', { ...from, feed_id: 'other', freshness: 'late' }),
  );

  expect(after).toBe(state);
});

it('a feed that is fresh makes no old item of it fresh', () => {
  const old = { things: [thing({ freshness: 'stale' })], feeds: [feed({ freshness: 'late' })] };

  const after = apply(old, event('FreshnessChanged', { ...from, freshness: 'fresh' }));

  expect(after.things?.[0]?.freshness).toBe('stale');
  expect(after.feeds?.[0]?.freshness).toBe('fresh');
});

describe('FeedRan', () => {
  const ran = (state: 'unchanged' | 'failed') =>
    event('FeedRan', {
      ...from,
      state,
      freshness: state === 'failed' ? 'late' : 'fresh',
      new: 0,
      changed: 0,
      rejected: 0,
      fetched_at: '2026-03-01T12:05:00Z',
    });

  it('confirms the items of a feed that had no news', () => {
    const after = apply({ features: [feature()] }, ran('unchanged')).features?.[0];

    expect(after?.times).toEqual({ ...times, fetched_at: '2026-03-01T12:05:00Z' });
  });

  it('never makes items younger when the run failed', () => {
    const after = apply({ features: [feature()] }, ran('failed')).features?.[0];

    expect(after?.times).toEqual(times);
    expect(after?.freshness).toBe('late');
  });
});

it('a run says whether its feed was read, and how often in a row it was not', () => {
  const never = feed({ last_success_at: null, failures_in_a_row: 1 });
  const after = (state: 'succeeded' | 'failed') =>
    apply(
      { feeds: [never] },
      event('FeedRan', {
        ...from,
        state,
        freshness: 'fresh',
        new: 0,
        changed: 0,
        rejected: 0,
        fetched_at: null,
      }),
    ).feeds?.[0];

  expect(after('failed')).toMatchObject({ last_success_at: null, failures_in_a_row: 2 });
  expect(after('succeeded')).toMatchObject({
    last_success_at: '2026-03-01T12:05:00Z',
    failures_in_a_row: 0,
  });
});

it('drops all that a removed feed gave, and nothing else', () => {
  const kept = { ...feature().source, feed_id: 'feed-2' };
  const before = {
    features: [feature(), feature({ id: 'f-9', source: kept })],
    things: [thing({ source: kept })],
    vehicles: [vehicle()],
    feeds: [feed(), feed({ id: 'feed-2' })],
  };

  const after = apply(before, event('FeedRemoved', { feed_id: 'feed-1', city: 'london' }));

  expect(after.features?.map(({ id }) => id)).toEqual(['f-9']);
  expect(after.things).toBe(before.things);
  expect(after.vehicles).toEqual([]);
  expect(after.feeds?.map(({ id }) => id)).toEqual(['feed-2']);
});
