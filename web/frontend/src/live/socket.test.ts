import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff } from './backoff';
import { LiveSocket, type LiveOptions } from './socket';

class FakeSocket {
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor() {
    FakeSocket.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    this.readyState = 3;
    this.onclose?.();
  }
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
  say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const newest = () => FakeSocket.all.at(-1) as FakeSocket;
const happened = (id: string) => ({
  type: 'event',
  id,
  topic: 'city:london',
  name: 'FreshnessChanged',
  data: {},
  at: '2026-03-01T12:00:00Z',
});

let options: { [K in keyof LiveOptions]: LiveOptions[K] } & Record<string, unknown>;
let live: LiveSocket;
let hidden = false;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'requestAnimationFrame'],
  });
  hidden = false;
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
  FakeSocket.all = [];
  options = {
    open: () => new FakeSocket() as unknown as WebSocket,
    token: () => null,
    onEvents: vi.fn(),
    onReset: vi.fn(),
    onState: vi.fn(),
    random: () => 0,
  };
  live = new LiveSocket(options);
  live.follow('city:london');
  live.start();
});
afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

function stand(after = '10') {
  newest().accept();
  newest().say({ type: 'welcome', after });
}

it('says hello with its topics and no place on the first visit', () => {
  newest().accept();

  expect(newest().sent).toEqual([{ type: 'hello', topics: ['city:london'] }]);
});

it('sends the token in the first frame, never in the address', () => {
  options.token = () => 'secret';
  newest().accept();

  expect(newest().sent[0]).toMatchObject({ token: 'secret' });
});

it('resumes after the last event it saw', () => {
  stand();
  newest().say(happened('12'));
  newest().close();
  vi.advanceTimersByTime(500);
  newest().accept();

  expect(newest().sent[0]).toMatchObject({ after: '12' });
});

it('resumes after the welcome when nothing happened in between', () => {
  stand('10');
  newest().close();
  vi.advanceTimersByTime(500);
  newest().accept();

  expect(newest().sent[0]).toMatchObject({ after: '10' });
});

it('hands over the events of one frame together', () => {
  stand();
  newest().say(happened('11'));
  newest().say(happened('12'));
  vi.advanceTimersByTime(20);

  expect(options.onEvents).toHaveBeenCalledTimes(1);
  expect(vi.mocked(options.onEvents).mock.calls[0]?.[0].map((e) => e.id)).toEqual(['11', '12']);
});

it('reads everything again after a reset', () => {
  stand();
  newest().say({ type: 'reset', after: '99' });
  newest().close();
  vi.advanceTimersByTime(500);
  newest().accept();

  expect(options.onReset).toHaveBeenCalledTimes(1);
  expect(newest().sent[0]).toMatchObject({ after: '99' });
});

it('lets the page read before a slow stream stands, and again once it does', async () => {
  const ready = vi.fn();
  void live.ready.then(ready);
  newest().accept();
  await vi.advanceTimersByTimeAsync(900);
  expect(ready).not.toHaveBeenCalled();

  await vi.advanceTimersByTimeAsync(200);
  expect(ready).toHaveBeenCalledTimes(1);
  expect(options.onReset).not.toHaveBeenCalled();

  stand();
  expect(options.onReset).toHaveBeenCalledTimes(1);
});

it('has the page read once when the stream stands at once', async () => {
  stand();
  await vi.advanceTimersByTimeAsync(2_000);
  newest().close();
  await vi.advanceTimersByTimeAsync(500);
  stand();

  expect(options.onReset).not.toHaveBeenCalled();
});

it('asks every 30 s once three tries were refused, until the stream stands', () => {
  for (let i = 0; i < 3; i++) {
    newest().close();
    vi.advanceTimersByTime(500);
  }
  expect(options.onState).toHaveBeenLastCalledWith('polling');
  vi.advanceTimersByTime(30_000);
  expect(options.onReset).toHaveBeenCalledTimes(1);

  stand();
  expect(options.onState).toHaveBeenLastCalledWith('live');
  vi.mocked(options.onReset).mockClear();
  vi.advanceTimersByTime(31_000);
  expect(options.onReset).not.toHaveBeenCalled();
});

it('takes a silent line for dead', () => {
  stand();
  vi.advanceTimersByTime(45_000 + 500);

  expect(FakeSocket.all).toHaveLength(2);
});

it('answers a ping', () => {
  stand();
  newest().say({ type: 'ping' });

  expect(newest().sent.at(-1)).toEqual({ type: 'pong' });
});

it('does not break on what is not a frame', () => {
  stand();
  newest().onmessage?.({ data: '{not json' });
  newest().onmessage?.({ data: '7' });

  expect(options.onEvents).not.toHaveBeenCalled();
});

it('pauses in a hidden tab and comes back where it was', () => {
  stand();
  newest().say(happened('20'));
  hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  vi.advanceTimersByTime(30_000);
  expect(options.onState).toHaveBeenLastCalledWith('paused');

  hidden = false;
  document.dispatchEvent(new Event('visibilitychange'));
  newest().accept();
  expect(newest().sent[0]).toMatchObject({ after: '20' });
});

describe('follow', () => {
  it('subscribes once however many follow, and unsubscribes with the last', () => {
    stand();
    const first = live.follow('job:1');
    const second = live.follow('job:1');
    first();
    first();
    expect(newest().sent.filter((f) => f.type !== 'hello')).toEqual([
      { type: 'subscribe', topics: ['job:1'] },
    ]);

    second();
    expect(newest().sent.at(-1)).toEqual({ type: 'unsubscribe', topics: ['job:1'] });
  });
});

describe('backoff', () => {
  it('grows from half a second to thirty with full jitter', () => {
    expect([0, 1, 3, 6, 20].map((n) => backoff(n, () => 1))).toEqual([
      500, 1_000, 4_000, 30_000, 30_000,
    ]);
    expect(backoff(20, () => 0)).toBe(500);
  });
});
