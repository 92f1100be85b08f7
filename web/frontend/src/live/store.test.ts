import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Thing } from '@/api/types';
import { departure, report, thing, trip } from '../../tests/samples';
import type { EventData, EventName, LiveEvent } from './frames';
import { LiveStore } from './store';

let cache: QueryClient;
let live: LiveStore;
let asked: string[];
let line: WebSocket;

beforeEach(() => {
  vi.useFakeTimers();
  cache = new QueryClient();
  live = new LiveStore(
    cache,
    () => (line = { close: () => undefined } as WebSocket),
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

it('what an event only counts is read again, and so are the numbers that it may change', async () => {
  await shown(['city', 'london', 'features'], []);
  await shown(['city', 'london', 'things'], []);
  await shown(['pulse', 'london'], {});

  await happened('FeaturesChanged', {
    feed_id: 'feed-1',
    city: 'london',
    kind: 'news',
    items: [],
    withdrawn: [],
    changed: 60,
  });
  expect(asked).toEqual(['city/london/features']);

  await happened('FreshnessChanged', { feed_id: 'feed-1', city: 'london', freshness: 'fresh' });
  expect(asked.sort()).toEqual(['city/london/features', 'city/london/things', 'pulse/london']);

  await happened('ReportChanged', { report_id: 'r-1', city: 'london', report: report() });
  expect(asked).toEqual(['pulse/london']);
});

it('a report that changed is told to who handles them, and keeps what only they see', async () => {
  const place = { lon: -0.12631, lat: 51.50421, address: 'Strand 12' };
  await shown(['queue', 'london', 'all'], {});
  await shown(['report', 'r-1', ''], report());
  await shown(['report', 'r-1', '', 'u-1'], report({ ...place, emails: [] }));
  const moved = report({ status: 'resolved', updated_at: '2026-03-01T13:00:00Z' });

  const telling = happened('ReportChanged', { report_id: 'r-1', city: 'london', report: moved });
  expect(cache.getQueryData(['report', 'r-1', ''])).toEqual(moved);
  expect(cache.getQueryData(['report', 'r-1', '', 'u-1'])).toMatchObject({
    status: 'resolved',
    ...place,
  });
  await telling;

  // Where it may go from here no event tells.
  expect(asked.sort()).toEqual(['queue/london/all', 'report/r-1//u-1']);
});

it('an answer under way is waited for, however many events come meanwhile', async () => {
  let answer: (items: unknown[]) => void = () => undefined;
  let questions = 0;
  const queryFn = () => {
    questions += 1;
    return new Promise((resolve) => (answer = resolve));
  };
  new QueryObserver(cache, { queryKey: ['city', 'london', 'features'], queryFn }).subscribe(
    () => undefined,
  );
  answer([]);
  const counted = { feed_id: 'feed-1', city: 'london', kind: 'news', items: [], withdrawn: [] };

  await happened('FeaturesChanged', { ...counted, changed: 60 });
  await happened('FeaturesChanged', { ...counted, changed: 60 });
  await happened('FeaturesChanged', { ...counted, changed: 60 });
  expect(questions).toBe(2);

  answer([]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(questions).toBe(3);
});

it('an answer that was under way when the stream first stood is asked for again', async () => {
  const answers: ((items: unknown[]) => void)[] = [];
  const queryFn = () => new Promise((resolve) => answers.push(resolve));
  live.socket.start();
  line.onclose?.({} as CloseEvent);
  new QueryObserver(cache, { queryKey: ['city', 'london', 'features'], queryFn }).subscribe(
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(600);

  line.onmessage?.({ data: '{"type":"welcome","after":"7"}' } as MessageEvent);
  answers[0]?.([]);
  await vi.advanceTimersByTimeAsync(3_000);

  expect(answers).toHaveLength(2);
  live.socket.stop();
});

it('without the stream what is shown grows old by the clock, and is read again with it', async () => {
  const key = ['city', 'london', 'things'];
  const say = (frame: string) => line.onmessage?.({ data: frame } as MessageEvent);
  const told = () => cache.getQueryData<Thing[]>(key)?.[0]?.freshness;
  let isDown = false;
  const queryFn = () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve([thing()]));
  live.socket.start();
  say('{"type":"welcome","after":"7"}');
  new QueryObserver(cache, { queryKey: key, queryFn, retry: false }).subscribe(() => undefined);

  isDown = true;
  await vi.advanceTimersByTimeAsync(46_000); // taken for dead: nothing was said
  expect([live.state, told()]).toEqual(['connecting', 'fresh']);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(told()).toBe('late');
  for (let time = 0; time < 10; time += 1) {
    line.onclose?.({} as CloseEvent);
    await vi.advanceTimersByTimeAsync(10_000);
  }
  expect([live.state, told()]).toEqual(['polling', 'late']);

  await vi.advanceTimersByTimeAsync(25_000); // the next try is under way
  isDown = false;
  say('{"type":"welcome","after":"7"}');
  await vi.advanceTimersByTimeAsync(0);
  expect([live.state, told()]).toEqual(['live', 'fresh']);
  live.socket.stop();
});

it('what was counted and found with a feed is asked for again when it is removed', async () => {
  await shown(['pulse', 'london'], {});
  await shown(['search', 'london', 'words'], {});
  await shown(['trip', 'feed-1', 'v-1'], trip());

  await happened('FeedRemoved', { feed_id: 'feed-1', city: 'london' });

  expect(asked.sort()).toEqual(['pulse/london', 'search/london/words', 'trip/feed-1/v-1']);
});
