import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { FeedHistory } from './FeedHistory';

afterEach(() => vi.unstubAllGlobals());

it('tells who did what to a feed, in words, though the newest of the log is of others', async () => {
  const entry = { at: '2026-03-01T12:00:00Z', actor: 'admin@example.org', reason: null, data: {} };
  const items = [
    { ...entry, id: 3, action: 'feeds.reprocess', reason: 'new parser' },
    { ...entry, id: 2, action: 'feeds.change', data: { changed: ['paused', 'url'] } },
    { ...entry, id: 1, action: 'feeds.melt' },
  ];
  const headers = { 'Content-Type': 'application/json' };
  vi.stubGlobal('fetch', ({ url }: Request) => {
    const page = url.includes('cursor=older')
      ? { items, next: null }
      : { items: [], next: 'older' };
    return Promise.resolve(new Response(JSON.stringify(page), { headers }));
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FeedHistory id="feed-1" />
    </QueryClientProvider>,
  );

  const rows = await screen.findAllByRole('listitem');

  expect(rows.map(({ lastChild }) => lastChild?.textContent)).toEqual([
    'had it reprocessed (new parser)',
    'changed: paused, url',
    'feeds.melt',
  ]);
});
