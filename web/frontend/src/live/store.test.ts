import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { departure, thing, trip } from '../../tests/samples';
import type { EventData, EventName, LiveEvent } from './frames';
import { LiveStore } from './store';

let cache: QueryClient;
let live: LiveStore;
let asked: string[];

beforeEach(() => {
  vi.useFakeTimers();
  cache = new QueryClient();
  live = new LiveStore(
    cache,
    () => ({}) as WebSocket,
    () => null,
  );
  asked = [];
});
afterEach(() => vi.useRealTimers());

async function shown(queryKey: string[], data: unknown): Promise<void> {
  const queryFn = () => {
    asked.push(queryKey.join('/'));
    return Promise.resolve(data);
  };
  new QueryObserver(cache, { queryKey, queryFn }).subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
}

async function happened<N extends EventName>(name: N, data: Partial<EventData[N]>): Promise<void> {
  asked = [];
  const at = '2026-03-01T12:00:00Z';
  live.take([{ id: '1', topic: 'city:london', name, data, at } as unknown as LiveEvent]);
  await vi.advanceTimersByTimeAsync(3_000);
}

it('what a feed predicts is asked for again when it has run, and when it is late', async () => {
  await shown(['trip', 'feed-1', 'v-1'], trip());
  await shown(['departures', 't-1'], {
    thing: thing(),
    feeds: [{ freshness: 'fresh', source: departure().source }],
    items: [],
  });

  await happened('FeedRan', { feed_id: 'feed-1', city: 'london' });
  expect(asked).toEqual(['trip/feed-1/v-1']);

  await happened('FeedRan', { feed_id: 'feed-2', city: 'london' });
  expect(asked).toEqual(['trip/feed-1/v-1', 'departures/t-1']);

  await happened('FreshnessChanged', { feed_id: 'feed-2', city: 'london', freshness: 'stale' });
  expect(asked).toEqual(['trip/feed-1/v-1', 'departures/t-1']);

  await happened('FeedRan', { feed_id: 'feed-3', city: 'london' });
  expect(asked).toEqual([]);
});

it('a trip that was not known is asked for again when its vehicle has moved', async () => {
  await shown(['trip', 'feed-1', 'v-1'], null);

  await happened('FeedRan', { feed_id: 'feed-1', city: 'london' });

  expect(asked).toEqual(['trip/feed-1/v-1']);
});
