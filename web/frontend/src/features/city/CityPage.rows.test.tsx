import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { vehicle } from '../../../tests/samples';
import { ConfigContext, type Config } from '@/app/config';
import { cityKey, type LiveStore } from '@/live/store';
import { LiveContext } from '@/live/useLive';
import CityPage from './CityPage';

const given = vi.hoisted(() => ({ onSelect: [] as unknown[] }));
vi.mock('./ItemList', () => ({
  ItemList: ({ onSelect }: { onSelect: unknown }) => {
    given.onSelect.push(onSelect);
    return null;
  },
}));

beforeEach(() => {
  vi.stubGlobal('fetch', ({ url }: Request) =>
    Promise.resolve(Response.json(url.includes('?') ? { items: [], next: null, tiles: [] } : {})),
  );
});
afterEach(() => vi.unstubAllGlobals());

it('rows are told the same when a vehicle moves, so that none is drawn anew', async () => {
  const live = {
    state: 'live',
    subscribe: () => () => undefined,
    settle: (_slice: string, read: () => unknown) => read(),
  } as unknown as LiveStore;
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <ConfigContext.Provider value={{ city: 'london', cities: ['london'] } as unknown as Config}>
        <LiveContext.Provider value={live}>
          <CityPage />
        </LiveContext.Provider>
      </ConfigContext.Provider>
    </QueryClientProvider>,
  );
  await vi.waitFor(() => expect(given.onSelect).not.toEqual([]));
  const before = given.onSelect.length;

  act(() => void client.setQueryData(cityKey('london', 'vehicles'), [vehicle()]));

  await vi.waitFor(() => expect(given.onSelect.length).toBeGreaterThan(before));
  expect(new Set(given.onSelect).size).toBe(1);
});
