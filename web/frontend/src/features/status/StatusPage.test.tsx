import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { withWords } from '@/i18n';
import StatusPage from './StatusPage';

afterEach(() => vi.unstubAllGlobals());

it('what is told of a part is said in our words, and what is new to the page as the API says it', async () => {
  const part = { state: 'ok', since: null };
  const status = {
    status: 'ok',
    version: '1',
    at: '2026-03-01T12:00:00Z',
    feeds: { fresh: 1, late: 0, stale: 0, dead: 0 },
    components: [
      {
        ...part,
        name: 'queue:feeds',
        detail: '2',
        told: [{ code: 'workers', values: { count: 2 } }],
      },
      { ...part, name: 'tide', detail: 'high water', told: [{ code: 'tide', values: {} }] },
    ],
  };
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(status)));
  await withWords(() => Promise.resolve({}))();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <StatusPage />
    </QueryClientProvider>,
  );

  expect(await screen.findAllByText('2 workers')).toHaveLength(2);
  expect(screen.getAllByText('high water')).toHaveLength(2);
});
