import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { ConfigContext, type Config } from '@/app/config';
import CityPage from '@/features/city/CityPage';
import type { LiveStore } from '@/live/store';
import { LiveContext } from '@/live/useLive';

/** Draws the page of London on a live connection that stays silent; returns what its queries keep. */
export function showCity(): QueryClient {
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
  return client;
}
