import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, expect, it, vi } from 'vitest';
import { feature } from '../../../tests/samples';
import { useList } from './useList';

afterEach(() => vi.unstubAllGlobals());

function answer(body: unknown): void {
  const headers = { 'Content-Type': 'application/json' };
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(body), { headers })));
}

function list() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook(() => useList('london', new URLSearchParams('closed=1'), [], []), { wrapper });
}

it.each([
  ['next', true],
  [null, false],
])(
  'of what is closed there may be more when the answer says where to go on: %s',
  async (next, isCut) => {
    answer({ items: [feature({ status: 'closed' })], next, searched: next ? 30_000 : null });

    const { result } = list();

    await waitFor(() => expect(result.current.items).toHaveLength(1));
    expect(result.current.isCut).toBe(isCut);
  },
);
