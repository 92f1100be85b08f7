import { act } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { showCity } from '../../../tests/cityPage';
import { vehicle } from '../../../tests/samples';
import { cityKey } from '@/live/store';

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
  const client = showCity();
  await vi.waitFor(() => expect(given.onSelect).not.toEqual([]));
  const before = given.onSelect.length;

  act(() => void client.setQueryData(cityKey('london', 'vehicles'), [vehicle()]));

  await vi.waitFor(() => expect(given.onSelect.length).toBeGreaterThan(before));
  expect(new Set(given.onSelect).size).toBe(1);
});
