import type { Feature, Freshness, JobState, Report, Vehicle } from '@/api/types';

export type MovedVehicle = Pick<
  Vehicle,
  | 'id'
  | 'external_id'
  | 'kind'
  | 'label'
  | 'route'
  | 'lon'
  | 'lat'
  | 'bearing'
  | 'route_name'
  | 'route_color'
  | 'headsign'
> & { observed_at: string | null };

export interface AddedObservation {
  thing_id: string;
  datastream_id: string;
  observed_property: string;
  result: number | null;
  unit: string | null;
  phenomenon_time: string;
}

interface FromFeed {
  feed_id: string;
  city: string;
}

/** What happened, by name: the data of each event on the stream. */
export interface EventData {
  FeaturesChanged: FromFeed & {
    kind: string;
    items: Feature[];
    changed: number;
    withdrawn: string[];
  };
  /** `gone` are the ids that the feed no longer lists; events of an older release lack it. */
  VehiclesMoved: FromFeed & { items: MovedVehicle[]; gone?: string[] };
  ObservationsAdded: FromFeed & { items: AddedObservation[] };
  FeedRan: FromFeed & {
    state: 'running' | 'succeeded' | 'unchanged' | 'failed';
    freshness: Freshness;
    new: number;
    changed: number;
    rejected: number;
    fetched_at: string | null;
  };
  FeedRemoved: FromFeed;
  FreshnessChanged: FromFeed & { freshness: Freshness };
  ReportChanged: { report_id: string; city: string; report: Report };
  JobChanged: {
    job_id: string;
    kind: string;
    queue: string;
    state: JobState;
    progress: number;
    attempt: number;
    detail?: string | null;
  };
  DeliveryChanged: { delivery_id: string; state: string };
}

export type EventName = keyof EventData;

export type LiveEvent = {
  [N in EventName]: { id: string; topic: string; name: N; data: EventData[N]; at: string };
}[EventName];

export type ServerFrame =
  | { type: 'welcome'; after: string | null }
  | ({ type: 'event' } & LiveEvent)
  | { type: 'reset'; after: string | null }
  | { type: 'ping' | 'pong' }
  | { type: 'error'; detail: string };

export type ClientFrame =
  | { type: 'hello'; token?: string; topics: string[]; after?: string }
  | { type: 'subscribe' | 'unsubscribe'; topics: string[] }
  | { type: 'ping' | 'pong' };

/** Read one frame; null for what is not one, since a bad frame must not break the page. */
export function readFrame(text: unknown): ServerFrame | null {
  if (typeof text !== 'string') return null;
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === 'object' && frame !== null && 'type' in frame
      ? (frame as ServerFrame)
      : null;
  } catch {
    return null;
  }
}
