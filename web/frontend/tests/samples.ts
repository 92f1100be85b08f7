import type { Call, Departure, Feature, Feed, Report, Thing, Trip, Vehicle } from '@/api/types';
import type { AddedObservation } from '@/live/frames';

/** Samples hold what the page reads; a field that the API adds changes no test. */
export const times = {
  observed_at: '2026-03-01T12:00:00Z',
  fetched_at: '2026-03-01T12:00:30Z',
  published_at: null,
};

export const source = {
  feed_id: 'feed-1',
  name: 'Street works',
  kind: 'open311',
  attribution: 'Powered by open data',
  license: 'OGL-3.0',
  url: 'https://example.org/',
  simulated: true,
};

export function feature(over: Partial<Feature> = {}): Feature {
  return {
    id: 'f-1',
    city: 'london',
    kind: 'road_work',
    external_id: 'x-1',
    title: 'Water main repair',
    description: null,
    status: 'open',
    severity: null,
    category: null,
    address: 'Strand',
    url: null,
    geometry: null,
    lon: -0.12,
    lat: 51.51,
    starts_at: null,
    ends_at: null,
    updated_at: '2026-03-01T12:00:00Z',
    properties: {},
    version: 1,
    withdrawn: false,
    times,
    freshness: 'fresh',
    source,
    ...over,
  } as Feature;
}

export function vehicle(over: Partial<Vehicle> = {}): Vehicle {
  return {
    id: 'v-1',
    external_id: '77',
    kind: 'bus',
    label: '77',
    route: '12',
    lon: -0.1,
    lat: 51.5,
    bearing: 90,
    speed_mps: 4,
    trip_id: null,
    properties: {},
    times,
    freshness: 'fresh',
    source,
    ...over,
  } as Vehicle;
}

export function thing(over: Partial<Thing> = {}): Thing {
  return {
    id: 't-1',
    city: 'london',
    kind: 'bike_station',
    external_id: 's-1',
    name: 'Soho Square',
    lon: -0.13,
    lat: 51.515,
    properties: {},
    datastreams: [
      {
        id: 'd-1',
        observed_property: 'bikes_available',
        unit: 'bikes',
        result: 5,
        phenomenon_time: '2026-03-01T12:00:00Z',
      },
    ],
    times,
    freshness: 'fresh',
    source,
    ...over,
  } as Thing;
}

export function report(over: Partial<Report> = {}): Report {
  return {
    id: 'r-1',
    city: 'london',
    reference: 'LDN-000001',
    category: 'pothole',
    title: 'Pothole',
    description: '',
    status: 'received',
    lon: -0.1,
    lat: 51.5,
    address: '',
    area: null,
    created_at: '2026-03-01T12:00:00Z',
    updated_at: '2026-03-01T12:00:00Z',
    photos: [],
    steps: [],
    history: [],
    supports: 0,
    ...over,
  } as Report;
}

export function feed(over: Partial<Feed> = {}): Feed {
  return {
    id: 'feed-1',
    slug: 'works',
    city: 'london',
    name: 'Street works',
    kind: 'open311',
    url: 'https://example.org/',
    interval_seconds: 60,
    enabled: true,
    paused: false,
    freshness: 'fresh',
    last_run: null,
    last_success_at: null,
    next_run_at: null,
    attribution: null,
    license: null,
    simulated: true,
    counts: { features: 1, things: 0, vehicles: 0 },
    ...over,
  } as Feed;
}

export function call(over: Partial<Call> = {}): Call {
  return {
    stop_id: 's-1',
    thing_id: 't-9',
    name: 'Market',
    stop_sequence: 1,
    scheduled_arrival: null,
    scheduled_departure: '2026-03-01T12:10:00Z',
    is_approximate: false,
    predicted_arrival: null,
    predicted_departure: '2026-03-01T12:13:00Z',
    delay_seconds: 180,
    relationship: 'scheduled',
    ...over,
  };
}

/** News of the sample thing, as an event tells it. */
export function observation(over: Partial<AddedObservation> = {}): AddedObservation {
  return {
    thing_id: 't-1',
    datastream_id: 'd-1',
    observed_property: 'bikes_available',
    unit: 'bikes',
    result: 9,
    phenomenon_time: '2026-03-01T12:04:00Z',
    ...over,
  };
}

const line = {
  trip_id: 'trip-1',
  start_date: '20260301',
  route: 'r7',
  route_name: '7',
  route_color: '#1A2B3C',
  route_text_color: '#FFFFFF',
  headsign: 'Hill Top',
  delay_seconds: 180,
  relationship: 'scheduled',
  times,
  freshness: 'fresh' as const,
  source: { ...source, feed_id: 'feed-2', name: 'Trip updates' },
};

export function trip(over: Partial<Trip> = {}): Trip {
  return { ...line, vehicle_id: 'v-1', calls: [call()], ...over };
}

export function departure(over: Partial<Departure> = {}): Departure {
  return {
    ...line,
    stop_id: 's-1',
    stop_name: 'Market',
    scheduled: '2026-03-01T12:10:00Z',
    is_approximate: false,
    predicted: '2026-03-01T12:13:00Z',
    ...over,
  };
}
