import type { Feature, Feed, Report, Source, Thing, Vehicle } from '@/api/types';
import type { AddedObservation, EventData, LiveEvent, MovedVehicle } from './frames';
import { isJust, worse } from './freshness';

/** What the page knows of a city; a slice that was not read yet is absent. */
export interface CityState {
  features?: Feature[];
  vehicles?: Vehicle[];
  things?: Thing[];
  reports?: Report[];
  feeds?: Feed[];
}

export type Slice = keyof CityState;

/** The most things or reports kept in the page. */
export const KEPT = 2_000;
/** The most vehicles: as many as the API gives at once. */
export const KEPT_VEHICLES = 10_000;
/** The most features of one kind: a kind with thousands must not crowd out the others. */
export const KEPT_PER_KIND = 500;

/** The state after an event. Pure; an event that changes nothing returns the same state. */
export function apply(state: CityState, event: LiveEvent): CityState {
  switch (event.name) {
    case 'FeaturesChanged':
      return with_(state, 'features', (items) => changeFeatures(items, event.data));
    case 'VehiclesMoved':
      return with_(state, 'vehicles', (items) =>
        moveVehicles(items, event.data, state.feeds, event.at),
      );
    case 'ObservationsAdded':
      return with_(state, 'things', (items) => addObservations(items, event.data, event.at));
    case 'ReportChanged':
      return with_(state, 'reports', (items) => changeReport(items, event.data.report));
    case 'FreshnessChanged':
      return age(state, event.data.feed_id, { freshness: event.data.freshness });
    case 'FeedRan':
      return feedRan(state, event.data, event.at);
    case 'FeedRemoved':
      return without(state, event.data.feed_id);
    default:
      return state;
  }
}

function with_<S extends Slice>(
  state: CityState,
  slice: S,
  change: (items: NonNullable<CityState[S]>) => NonNullable<CityState[S]>,
): CityState {
  const items = state[slice];
  if (!items) return state;
  const next = change(items);
  return next === items ? state : { ...state, [slice]: next };
}

/** Newest first, as the API lists them. */
function byUpdate(a: { updated_at: string }, b: { updated_at: string }): number {
  return a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0;
}

function changeFeatures(items: Feature[], data: EventData['FeaturesChanged']): Feature[] {
  const known = new Map(items.map((item) => [item.id, item]));
  for (const id of data.withdrawn) known.delete(id);
  for (const item of data.items) {
    const old = known.get(item.id);
    if (item.withdrawn) known.delete(item.id);
    else if (!old || old.version <= item.version) known.set(item.id, item);
  }
  return newestOfEachKind([...known.values()].sort(byUpdate));
}

/** The newest of each kind, of a list that is newest first. */
export function newestOfEachKind(items: Feature[]): Feature[] {
  const seen = new Map<string, number>();
  return items.filter(({ kind }) => {
    const count = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, count);
    return count <= KEPT_PER_KIND;
  });
}

function moveVehicles(
  items: Vehicle[],
  data: EventData['VehiclesMoved'],
  feeds: Feed[] | undefined,
  at: string,
): Vehicle[] {
  const moved = new Map(data.items.map((item) => [item.id, item]));
  const gone = new Set(data.gone);
  const left = gone.size ? items.filter((item) => !gone.has(item.id)) : items;
  const next = left.map((item) => {
    const to = moved.get(item.id);
    if (!to) return item;
    moved.delete(item.id);
    return movedTo(item, to, at);
  });
  const source = items.find((item) => item.source.feed_id === data.feed_id)?.source;
  const known = source ?? sourceOf(feeds?.find((feed) => feed.id === data.feed_id));
  if (!known) return next;
  return [...next, ...[...moved.values()].map((item) => arrived(item, known, at))].slice(
    0,
    KEPT_VEHICLES,
  );
}

function movedTo(vehicle: Vehicle, to: MovedVehicle, at: string): Vehicle {
  const { observed_at, ...place } = to;
  return {
    ...vehicle,
    ...place,
    freshness: isJust(observed_at, at) ? 'fresh' : vehicle.freshness,
    times: { ...vehicle.times, observed_at, fetched_at: observed_at ?? vehicle.times.fetched_at },
  };
}

function arrived(item: MovedVehicle, source: Source, at: string): Vehicle {
  const { observed_at, ...place } = item;
  return {
    ...place,
    speed_mps: null,
    trip_id: null,
    properties: {},
    times: { observed_at, fetched_at: observed_at ?? '', published_at: null },
    freshness: isJust(observed_at, at) ? 'fresh' : 'late',
    source,
  };
}

function sourceOf(feed: Feed | undefined): Source | undefined {
  if (!feed) return undefined;
  const { id, name, kind, attribution, license, url, simulated } = feed;
  return { feed_id: id, name, kind, attribution, license, url, simulated };
}

function addObservations(
  items: Thing[],
  data: EventData['ObservationsAdded'],
  at: string,
): Thing[] {
  const added = new Map<string, AddedObservation[]>();
  for (const item of data.items) {
    added.set(item.thing_id, [...(added.get(item.thing_id) ?? []), item]);
  }
  return items.map((thing) => {
    const news = added.get(thing.id);
    if (!news) return thing;
    const times = news.map(({ phenomenon_time }) => phenomenon_time);
    const observedAt = [...times, thing.times.observed_at ?? ''].reduce((a, b) => (a > b ? a : b));
    const datastreams = thing.datastreams.map((stream) => {
      const found = news.find((item) => item.datastream_id === stream.id);
      const newer = found && (stream.phenomenon_time ?? '') <= found.phenomenon_time;
      return newer
        ? { ...stream, result: found.result, phenomenon_time: found.phenomenon_time }
        : stream;
    });
    return {
      ...thing,
      datastreams,
      freshness: isJust(observedAt, at) ? 'fresh' : thing.freshness,
      times: { ...thing.times, observed_at: observedAt, fetched_at: at },
    };
  });
}

function changeReport(items: Report[], report: Report): Report[] {
  const old = items.find((item) => item.id === report.id);
  if (old && old.updated_at > report.updated_at) return items;
  return [report, ...items.filter((item) => item.id !== report.id)].sort(byUpdate).slice(0, KEPT);
}

function feedRan(state: CityState, data: EventData['FeedRan'], at: string): CityState {
  const failed = data.state === 'failed';
  const aged = age(state, data.feed_id, {
    freshness: data.freshness,
    ...(data.fetched_at && !failed ? { fetched_at: data.fetched_at } : {}),
  });
  const ended = (feed: Feed) =>
    failed
      ? { ...feed, failures_in_a_row: feed.failures_in_a_row + 1 }
      : { ...feed, last_success_at: data.fetched_at ?? at, failures_in_a_row: 0 };
  return with_(aged, 'feeds', (feeds) =>
    feeds.map((feed) => (feed.id === data.feed_id ? ended(feed) : feed)),
  );
}

/** Nothing of a feed that is gone stays. */
function without(state: CityState, feedId: string): CityState {
  const rest = <T extends Feature | Vehicle | Thing>(items: T[]): T[] => {
    const left = items.filter((item) => item.source.feed_id !== feedId);
    return left.length < items.length ? left : items;
  };
  let next = with_(state, 'features', rest);
  next = with_(next, 'vehicles', rest);
  next = with_(next, 'things', rest);
  return with_(next, 'feeds', (feeds) => {
    const left = feeds.filter((feed) => feed.id !== feedId);
    return left.length < feeds.length ? left : feeds;
  });
}

interface Ageing {
  freshness: Feed['freshness'];
  fetched_at?: string;
}

/** No item of a feed is fresher than its feed; one that is old by itself stays so until it is read again. */
function age(state: CityState, feedId: string, { freshness, fetched_at }: Ageing): CityState {
  const isOf = (item: Feature | Vehicle | Thing) => item.source.feed_id === feedId;
  const all = <T extends Feature | Vehicle | Thing>(items: T[]): T[] =>
    // What nothing was changed of stays the same list, and is not drawn anew.
    items.some(isOf) ? items.map((item) => (isOf(item) ? one(item) : item)) : items;
  const one = <T extends Feature | Vehicle | Thing>(item: T): T => ({
    ...item,
    freshness: worse(item.freshness, freshness),
    times: fetched_at ? { ...item.times, fetched_at } : item.times,
  });
  let next = with_(state, 'features', all);
  next = with_(next, 'vehicles', all);
  next = with_(next, 'things', all);
  return with_(next, 'feeds', (feeds) =>
    feeds.map((feed) => (feed.id === feedId ? { ...feed, freshness } : feed)),
  );
}
