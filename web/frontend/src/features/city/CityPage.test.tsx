import { screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { showCity } from '../../../tests/cityPage';
import { feed } from '../../../tests/samples';

let tellFeeds: (feeds: unknown[]) => void;

beforeEach(() => {
  const feeds = new Promise<unknown[]>((resolve) => (tellFeeds = resolve));
  const answer = async ({ url }: Request) => {
    const items = url.includes('/feeds') ? await feeds : [];
    const known = /(features|reports|vehicles|things|feeds)\?/.test(url);
    return Response.json(known ? { items, next: null } : {}, { status: known ? 200 : 404 });
  };
  vi.stubGlobal('fetch', answer);
});
afterEach(() => vi.unstubAllGlobals());

it('an empty city is being read until each of its feeds has run', async () => {
  showCity();
  await screen.findByText(/Reading the city's sources/);
  expect(screen.getByRole('button', { name: 'Happening now …' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Requests …' })).toBeTruthy();
  expect(await screen.findByRole('button', { name: 'Reports 0' })).toBeTruthy();

  tellFeeds([feed({ last_success_at: '2026-03-01T12:00:00Z' })]);

  await screen.findByText('Nothing here yet.');
  expect(screen.getByRole('button', { name: 'Happening now 0' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Requests 0' })).toBeTruthy();
});
