import type { InvalidateQueryFilters, Query, QueryClient } from '@tanstack/react-query';
import type { Departures, Job, Report, Trip } from '@/api/types';
import { apply, type CityState, type Slice } from './apply';
import type { EventData, LiveEvent } from './frames';
import { fade } from './silence';
import { LiveSocket, type LiveState } from './socket';
import { untold } from './untold';

export const cityKey = (city: string, slice: Slice) => ['city', city, slice] as const;

const SLICES: Slice[] = ['features', 'vehicles', 'things', 'reports', 'feeds'];
const REREAD_EVERY_MS = 2_000;
const FADE_EVERY_MS = 15_000;

/** Joins the socket and the query cache: what the stream says is written where pages read. */
export class LiveStore {
  readonly socket: LiveSocket;
  /** Whether the stream has stood before. */
  wasLive = false;
  state: LiveState = 'connecting';
  private readonly listeners = new Set<() => void>();
  private readonly recordings = new Set<LiveEvent[]>();
  private readonly rereads = new Map<string, number>();
  private hasFaded = false;
  private fading: number | undefined;

  constructor(
    private readonly cache: QueryClient,
    open: () => WebSocket,
    token: () => string | null,
  ) {
    this.socket = new LiveSocket({
      open,
      token,
      onEvents: (events) => this.take(events),
      onReset: () => this.reread(),
      onState: (state) => this.turn(state),
    });
  }

  private turn(state: LiveState): void {
    this.wasLive ||= this.state === 'live';
    this.state = state;
    window.clearTimeout(this.fading);
    if (state === 'connecting' || state === 'polling') this.fadeSoon();
    if (state === 'live' && this.hasFaded) {
      this.hasFaded = false;
      this.reread();
    }
    for (const tell of this.listeners) tell();
  }

  /** Without the stream nobody says that something grows old: the clock does. */
  private fadeSoon(): void {
    this.fading = window.setTimeout(() => {
      this.hasFaded = fade(this.cache, this.socket.heardAt, Date.now()) || this.hasFaded;
      this.fadeSoon();
    }, FADE_EVERY_MS);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /**
   * Read a slice so that no event falls between the reading and the stream: the stream stands
   * first, and what it says while the answer is under way is applied to that answer.
   */
  async settle<S extends Slice>(
    slice: S,
    read: () => Promise<NonNullable<CityState[S]>>,
  ): Promise<NonNullable<CityState[S]>> {
    await this.socket.ready;
    const recording: LiveEvent[] = [];
    this.recordings.add(recording);
    try {
      const items = await read();
      const state = recording.reduce(apply, { [slice]: items } as CityState);
      return state[slice] as NonNullable<CityState[S]>;
    } finally {
      this.recordings.delete(recording);
    }
  }

  /** Write a batch of events into the cache; one write a slice, however many events. */
  take(events: LiveEvent[]): void {
    for (const recording of this.recordings) recording.push(...events);
    for (const city of new Set(events.map(cityOf).filter((name) => name !== null))) {
      const before = this.read(city);
      let after = before;
      for (const event of events.filter((each) => cityOf(each) === city)) {
        for (const slice of untold(after, event)) this.rereadSoon(cityKey(city, slice));
        after = apply(after, event);
      }
      for (const slice of SLICES) {
        if (after[slice] !== before[slice]) {
          this.cache.setQueryData(cityKey(city, slice), after[slice]);
        }
      }
    }
    for (const event of events) this.beside(event);
  }

  private read(city: string): CityState {
    return Object.fromEntries(
      SLICES.map((slice) => [slice, this.cache.getQueryData(cityKey(city, slice))]),
    ) as CityState;
  }

  /** What lies beside the city's slices: single reports, jobs, runs. */
  private beside(event: LiveEvent): void {
    if (event.name === 'ReportChanged') this.reportChanged(event.data);
    if (event.name === 'JobChanged') this.jobChanged(event.data);
    if (event.name === 'FeedRan') this.feedRan(event.data);
    if (event.name === 'FeedRemoved') this.feedRemoved(event.data);
    if (event.name === 'FreshnessChanged') this.freshnessChanged(event.data);
    if (event.name === 'FeaturesChanged') {
      this.rereadSoon(['search', event.data.city]);
      this.rereadSoon(['closed', event.data.city]);
    }
  }

  /** A first run that ended well is told by this too: the city's numbers count the feed from now on. */
  private freshnessChanged({ feed_id, city }: EventData['FreshnessChanged']): void {
    this.predictedAnew(feed_id);
    this.rereadSoon(['pulse', city]);
  }

  /** Only pages that show these ask again: of who runs the feeds, of who waits for a vehicle. */
  private feedRan({ feed_id, city }: EventData['FeedRan']): void {
    this.predictedAnew(feed_id);
    this.rereadSoon(['runs', feed_id]);
    this.rereadSoon(['source', feed_id]);
    this.rereadSoon(['sources', city]);
  }

  /** What was found or counted with a feed's items is found and counted without them. */
  private feedRemoved({ feed_id, city }: EventData['FeedRemoved']): void {
    this.predictedAnew(feed_id);
    for (const noun of ['pulse', 'search', 'closed', 'sources']) this.rereadSoon([noun, city]);
  }

  private predictedAnew(feedId: string): void {
    const predicate = (query: Query) => isPredictedBy(query, feedId);
    this.rereadSoon(['predicted', feedId], { predicate });
  }

  private reportChanged({ report_id, city, report }: EventData['ReportChanged']): void {
    this.rereadSoon(['pulse', city]);
    this.rereadSoon(['queue', city]);
    const queryKey = ['report', report_id];
    this.cache.setQueriesData<Report>({ queryKey }, (old) =>
      old && old.updated_at <= report.updated_at ? { ...old, ...report, ...secrets(old) } : old,
    );
    const predicate = ({ state }: Query) => secrets(state.data as Report | undefined) !== null;
    this.rereadSoon(queryKey, { queryKey, predicate });
  }

  private jobChanged({ job_id, state, progress, attempt }: EventData['JobChanged']): void {
    this.cache.setQueryData<Job>(['job', job_id], (old) =>
      old ? { ...old, state, progress, attempt } : old,
    );
    this.rereadSoon(['job', job_id]);
    this.rereadSoon(['jobs']);
    this.rereadSoon(['queues']);
  }

  /** Read everything again; a first answer under way may be older than what was missed, and is asked for after it. */
  private reread(): void {
    if (this.cache.isFetching() > 0) this.rereadSoon([], {});
    void this.cache.invalidateQueries();
  }

  /** Read again what is on screen, at most every two seconds a key, and not before an answer under way is there. */
  private rereadSoon(
    queryKey: readonly string[],
    which: InvalidateQueryFilters = { queryKey },
  ): void {
    const name = queryKey.join('/');
    if (this.rereads.has(name)) return;
    const run = () => {
      const isUnderWay = this.cache.isFetching(which) > 0;
      if (isUnderWay) return wait();
      this.rereads.delete(name);
      void this.cache.invalidateQueries(which);
    };
    const wait = () => void this.rereads.set(name, window.setTimeout(run, REREAD_EVERY_MS));
    wait();
  }
}

/** Whether a feed tells of a vehicle's trip, by its place or a prediction, or predicts a stop's departures. */
function isPredictedBy({ queryKey: [noun, of], state: { data } }: Query, feedId: string): boolean {
  if (noun === 'trip')
    return of === feedId || (data as Trip | undefined)?.source.feed_id === feedId;
  if (noun !== 'departures') return false;
  const feeds = (data as Departures | undefined)?.feeds ?? [];
  return feeds.some(({ source }) => source.feed_id === feedId);
}

/** What the stream, which everybody hears, does not tell of a report that was opened by its reporter or staff. */
function secrets(report: Report | undefined) {
  if (!report?.emails) return null;
  const { lon, lat, address } = report;
  return { lon, lat, address };
}

function cityOf(event: LiveEvent): string | null {
  return 'city' in event.data ? event.data.city : null;
}
