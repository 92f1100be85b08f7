import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { feed } from '../../../tests/samples';
import type { Feed } from '@/api/types';
import { ConfigContext, type Config } from '@/app/config';
import { FeedForm } from './FeedForm';

const MINE = feed({ version: 'a', options: {}, attribution: '', license: '' });
const THEIRS: Feed = { ...MINE, version: 'b', interval_seconds: 300, options: { page_size: 5 } };
const CONFIG = { city: 'london', cities: ['london'] } as Config;
let saved: [version: string | null, body: Partial<Feed>][] = [];

/** A server that holds the feed as somebody else left it. */
async function answer(request: Request): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  const say = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), { status, headers });
  if (request.url.endsWith('/feeds/kinds')) return say(200, { items: [], next: null });
  if (request.method !== 'PATCH') return say(request.method === 'GET' ? 200 : 401, THEIRS);
  const version = request.headers.get('If-Match');
  saved.push([version, (await request.json()) as Partial<Feed>]);
  return version === '"b"' ? say(200, { ...THEIRS, version: 'c' }) : say(412, { status: 412 });
}

beforeEach(() => {
  saved = [];
  vi.stubGlobal('fetch', answer);
});
afterEach(() => vi.unstubAllGlobals());

function open(): { onSaved: ReturnType<typeof vi.fn>; onTake: ReturnType<typeof vi.fn> } {
  const calls = { onSaved: vi.fn(), onTake: vi.fn() };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ConfigContext.Provider value={CONFIG}>
        <FeedForm feed={MINE} onLeave={() => undefined} {...calls} />
      </ConfigContext.Provider>
    </QueryClientProvider>,
  );
  return calls;
}

it('tells what somebody else changed meanwhile, and puts it back only when it is saved again', async () => {
  const { onSaved } = open();
  await userEvent.click(screen.getByRole('button', { name: 'Save the changes' }));

  const told = await screen.findByRole('alert');

  expect(within(told).getByText('300')).toBeTruthy();
  expect(within(told).getByText('{"page_size":5}')).toBeTruthy();
  expect(onSaved).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole('button', { name: 'Save the changes' }));
  await vi.waitFor(() => expect(onSaved).toHaveBeenCalledOnce());
  expect(saved.map(([version, body]) => [version, body.interval_seconds])).toEqual([
    ['"a"', 60],
    ['"b"', 60],
  ]);
});

it('can begin anew with what somebody else saved', async () => {
  const { onTake } = open();
  await userEvent.click(screen.getByRole('button', { name: 'Save the changes' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Edit it as it is now' }));

  expect(onTake).toHaveBeenCalledExactlyOnceWith(THEIRS);
});
