import { describe, expect, it } from 'vitest';
import type { Feature } from '@/api/types';
import { feature, report, thing, times, vehicle } from '../../../tests/samples';
import { readFilter } from './Filters';
import { featureItem, happening, keeps, thingItem, told, trueAt, vehicleTitle } from './items';
import { everyPage } from './queries';
import { speaker } from '@/i18n';
import { unitOf } from './units';
import { shownOnMap } from './selection';

const t = speaker('en');
const NOW = Date.parse('2026-03-01T13:00:00Z');

it('an item is as old as its observation, not as our fetch of it', () => {
  expect(trueAt({ times })).toBe('2026-03-01T12:00:00Z');
  expect(trueAt({ times: { ...times, observed_at: null } })).toBe('2026-03-01T12:00:30Z');
});

it('a row says whose word it is and how fresh', () => {
  expect(featureItem(feature({ freshness: 'stale' }))).toMatchObject({
    ref: 'feature:f-1',
    freshness: 'stale',
    source: { name: 'Street works', simulated: true },
  });
});

it('a station leads with its number and unit', () => {
  const { result, of } = thingItem(thing()).value ?? {};
  expect([result, of && unitOf(t, of)]).toEqual([5, 'bikes']);
});

it('a unit is written as people write it, and a count is named by what it counts', () => {
  expect(unitOf(t, { observed_property: 'air_temperature', unit: 'Cel' })).toBe('°C');
  expect(unitOf(t, { observed_property: 'docks_available', unit: '1' })).toBe('docks');
  expect(unitOf(t, { observed_property: 'boats_moored', unit: null })).toBe('boats');
});

it('a vehicle is called by its label in words, else by its line', () => {
  expect(vehicleTitle(vehicle({ label: 'Bakerloo towards Oxford Circus' }))).toContain('towards');
  expect(vehicleTitle(vehicle({ label: '4711', route: '12' }))).toBe('12');
  expect(vehicleTitle(vehicle({ route: 'r7', route_name: '7' }))).toBe('7');
  expect(vehicleTitle(vehicle({ route_name: '7', headsign: 'Hill Top' }))).toBe('7 → Hill Top');
});

it('features and reports mix, newest first', () => {
  const mixed = happening(
    [feature({ times: { ...times, observed_at: '2026-03-01T10:00:00Z' } })],
    [report({ updated_at: '2026-03-01T11:00:00Z' })],
    NOW,
  );

  expect(mixed.map((one) => one.kind)).toEqual(['report', 'road_work']);
});

describe('the filter in the address', () => {
  const filter = (query: string) => readFilter(new URLSearchParams(query));
  const at = (observed_at: string, over: Partial<Feature> = {}) =>
    happening([feature({ times: { ...times, observed_at }, ...over })], [], NOW)[0] as never;
  const work = at('2026-03-01T12:30:00Z');

  it('keeps everything when it says nothing', () => {
    expect(keeps(filter(''), work, NOW)).toBe(true);
  });

  it('keeps the kinds it names', () => {
    expect(keeps(filter('kinds=road_work,event'), work, NOW)).toBe(true);
    expect(keeps(filter('kinds=news'), work, NOW)).toBe(false);
  });

  it('keeps what is young enough', () => {
    expect(keeps(filter('since=-1h'), work, NOW)).toBe(true);
    expect(keeps(filter('since=-1h'), at('2026-03-01T11:59:59Z'), NOW)).toBe(false);
  });

  it('leaves out what is over, by its status or by its end, unless asked', () => {
    const closed = at('2026-03-01T12:30:00Z', { status: 'Closed' });
    const ended = at('2026-03-01T12:30:00Z', { ends_at: '2026-03-01T12:59:59Z' });

    expect([closed, ended].map((one) => keeps(filter(''), one, NOW))).toEqual([false, false]);
    expect([closed, ended].map((one) => keeps(filter('closed=1'), one, NOW))).toEqual([true, true]);
  });

  it('passes over what nobody can mean', () => {
    expect(filter('kinds=dragons&since=yesterday')).toEqual({
      kinds: new Set(),
      hours: null,
      closed: false,
    });
  });
});

it('a selection without a place leaves the map where it is', () => {
  expect(shownOnMap('feature:f-1', [feature({ lon: null })])).toBeNull();
  expect(shownOnMap('feature:f-1', [feature()])).toMatchObject({ lon: -0.12, kind: 'road_work' });
  expect(shownOnMap(null)).toBeNull();
});

it('pages are followed to the end of the list, or to the most that is wanted', async () => {
  const pages: Record<string, { items: number[]; next: string | null }> = {
    first: { items: [1, 2], next: 'second' },
    second: { items: [3], next: null },
  };
  const page = (cursor?: string) =>
    Promise.resolve(pages[cursor ?? 'first'] ?? { items: [], next: null });

  expect(await everyPage(page)).toEqual([1, 2, 3]);
  expect(await everyPage(page, 2)).toEqual([1, 2]);
});

it('a count is no zero while sources are read, and no whole where more may be', () => {
  const whole = { more: false, reading: false };

  expect(told(7, whole, String)).toBe('7');
  expect(told(0, whole, String)).toBe('0');
  expect(told(undefined, whole, String)).toBe('…');
  expect(told(0, { more: false, reading: true }, String)).toBe('…');
  expect(told(7, { more: false, reading: true }, String)).toBe('7');
  expect(told(0, { more: true, reading: false }, String)).toBe('…');
  expect(told(487, { more: true, reading: false }, String)).toBe('487+');
});
