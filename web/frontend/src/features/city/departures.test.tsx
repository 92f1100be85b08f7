import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { call, departure, thing, trip, vehicle } from '../../../tests/samples';
import type { City } from '@/api/types';
import { StopDetail } from './StopDetail';
import { TripPart } from './TripPart';

const CITY = { slug: 'london', name: 'London', timezone: 'UTC' } as City;
const inMinutes = (count: number) => new Date(Date.now() + count * 60_000).toISOString();

let answer: [status: number, body: unknown] = [404, {}];

beforeEach(() => {
  vi.stubGlobal('fetch', () => {
    const headers = { 'Content-Type': 'application/json' };
    return Promise.resolve(new Response(JSON.stringify(answer[1]), { status: answer[0], headers }));
  });
});
afterEach(() => vi.unstubAllGlobals());

function show(what: ReactNode): void {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(<QueryClientProvider client={client}>{what}</QueryClientProvider>);
}

it('a vehicle tells where it calls next, and a stop leads to its departures', async () => {
  const choose = vi.fn();
  const late = { scheduled_departure: inMinutes(7), predicted_departure: inMinutes(10) };
  answer = [
    200,
    trip({
      freshness: 'stale',
      calls: [
        call({ name: 'Behind', stop_sequence: 1, predicted_departure: inMinutes(-1) }),
        call({ name: 'Market', stop_sequence: 2, ...late }),
        call({ name: 'Bridge', stop_sequence: 3, ...late, relationship: 'skipped' }),
        call({ name: 'Hill Top', stop_sequence: 4, ...late, is_approximate: true, thing_id: null }),
      ],
    }),
  ];
  show(<TripPart vehicle={vehicle()} city={CITY} onSelect={choose} />);

  const rows = await screen.findAllByRole('listitem');

  expect(rows).toHaveLength(3);
  expect(rows[0]?.textContent).toMatch(/planned .*expected .*Market3 min late/);
  expect(rows[1]?.textContent).toMatch(/planned [\d:]+ *Bridgedoes not stop/);
  expect(rows[2]?.textContent).toMatch(
    /planned about ≈ .*expected about ≈ .*Hill Topabout ≈ 3 min late/,
  );
  expect(screen.getByText('Stale')).toBeTruthy();
  expect(within(rows[2] as HTMLElement).queryByRole('button')).toBeNull();
  await userEvent.tab();
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Market' }));
  await userEvent.keyboard('{Enter}');
  expect(choose).toHaveBeenCalledExactlyOnceWith('thing:t-9');
});

it('a long trip shows its next stops first, and the others when asked', async () => {
  const calls = Array.from({ length: 9 }, (_, number) =>
    call({ stop_sequence: number, predicted_departure: inMinutes(number + 1) }),
  );
  answer = [200, trip({ calls })];
  show(<TripPart vehicle={vehicle()} city={CITY} onSelect={() => undefined} />);
  expect(await screen.findAllByRole('listitem')).toHaveLength(6);

  await userEvent.click(screen.getByRole('button', { name: 'Show all 9 stops' }));

  expect(screen.getAllByRole('listitem')).toHaveLength(9);
});

it('a trip of which nothing is known is said to be unknown', async () => {
  answer = [404, { status: 404, title: 'Not found' }];
  show(<TripPart vehicle={vehicle()} city={CITY} onSelect={() => undefined} />);

  expect(await screen.findByText('No prediction is published for this vehicle.')).toBeTruthy();
});

const stop = thing({ kind: 'transit_stop', name: 'Market', datastreams: [] });
const told = { freshness: 'dead' as const, source: departure().source };

it('a stop tells what leaves next, and how old each word is', async () => {
  const soon = { scheduled: inMinutes(5), predicted: inMinutes(5), delay_seconds: 0 };
  answer = [
    200,
    {
      thing: stop,
      feeds: [{ ...told, freshness: 'fresh' }],
      items: [
        departure({ ...soon, trip_id: 'past', headsign: 'Gone', predicted: inMinutes(-1) }),
        departure({ ...soon, trip_id: 'old', freshness: 'stale' }),
        departure({ ...soon, trip_id: 'off', relationship: 'canceled', predicted: null }),
        departure({ ...soon, trip_id: 'between', is_approximate: true }),
      ],
    },
  ];
  show(<StopDetail id="t-1" city={CITY} />);

  const rows = await screen.findAllByRole('listitem');

  expect(screen.getByRole('heading', { name: 'Market' })).toBeTruthy();
  expect(screen.getAllByText(/Trip updates/)[0]?.textContent).toMatch(/Trip updatessimulated/);
  expect(rows).toHaveLength(3);
  expect(rows[2]?.textContent).toMatch(/^ *expected about ≈ [\d:]+7Hill Topabout ≈ on time/);
  expect(rows[0]?.textContent).toMatch(/7Hill Topon time.*Stale/);
  expect(rows[1]?.textContent).toMatch(/planned .*7Hill Topcancelled.*Fresh/);
});

it('that nothing is told is no promise where the source is silent', async () => {
  answer = [200, { thing: stop, feeds: [told], items: [] }];
  show(<StopDetail id="t-1" city={CITY} />);

  expect(await screen.findByText('No departure is told for the next two hours.')).toBeTruthy();
  expect(screen.getByText('Silent')).toBeTruthy();
});

it('a stop that is gone is no longer published', async () => {
  answer = [404, { status: 404, title: 'Not found' }];
  show(<StopDetail id="t-1" city={CITY} />);

  expect(await screen.findByText('This item is no longer published.')).toBeTruthy();
});
