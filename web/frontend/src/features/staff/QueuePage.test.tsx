import { onlineManager, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Report } from '@/api/types';
import { ConfigContext, type Config } from '@/app/config';
import * as session from '@/app/session';
import type { LiveStore } from '@/live/store';
import { LiveContext } from '@/live/useLive';
import { answering, refusal, type Asked } from '../../../tests/api';
import { report } from '../../../tests/samples';
import QueuePage from './QueuePage';

const live = {
  state: 'live',
  subscribe: () => () => undefined,
  socket: { follow: () => () => undefined },
} as unknown as LiveStore;
const config = { city: 'london', cities: ['london'] } as unknown as Config;
const none = { received: 0, published: 0, in_progress: 0, resolved: 0, closed: 0 };
const two = [
  report({ id: 'r-1', title: 'Pothole, Strand', status: 'published' }),
  report({ id: 'r-2', title: 'Pothole, Fleet Street', status: 'in_progress' }),
];
let waiting: Report[];
let asked: Asked[];
let client: QueryClient;

function show(role: string, queue?: () => unknown): void {
  const user = { id: 'u-1', role } as never;
  vi.spyOn(session, 'useSession').mockReturnValue({ user, known: true } as never);
  asked = answering({
    'GET /reports/queue':
      queue ??
      (() => ({
        items: waiting,
        next: null,
        counts: { by_status: { ...none, published: waiting.length }, oldest_open: null },
      })),
    'GET /reports/categories': () => ({
      items: [{ code: 'pothole', name: 'Hole in the road', description: null }],
      next: null,
    }),
    'GET /reports/r-1': () => ({ ...two[0], moves: ['resolved'], emails: [] }),
  });
  client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <ConfigContext.Provider value={config}>
        <LiveContext.Provider value={live}>
          <QueuePage />
        </LiveContext.Provider>
      </ConfigContext.Provider>
    </QueryClientProvider>,
  );
}

const row = (name: RegExp) => screen.getByRole('link', { name });
beforeEach(() => {
  waiting = two;
  history.replaceState(null, '', '/staff');
});
afterEach(() => {
  cleanup(); // before the line is there again, or it would ask anew
  client.clear();
  vi.unstubAllGlobals();
  onlineManager.setOnline(true);
});

it('staff see what waits, with its category in words', async () => {
  show('staff');

  expect(await screen.findByText(/2 reports wait/)).toBeTruthy();
  expect((await screen.findAllByText(/Hole in the road/)).length).toBe(3); // two rows and the filter
  expect(screen.getByRole('button', { name: /To do\s*2/ }).getAttribute('aria-pressed')).toBe(
    'true',
  );
});

it('partners do not', () => {
  show('partner');

  expect(screen.getByText(/may not see/)).toBeTruthy();
  expect(asked).toEqual([]);
});

it('the letters and the arrows go from row to row', async () => {
  show('staff');
  await screen.findByRole('link', { name: /Strand/ });
  row(/Strand/).focus();
  await userEvent.keyboard('j');
  expect(document.activeElement).toBe(row(/Fleet Street/));
  await userEvent.keyboard('{ArrowUp}');
  expect(document.activeElement).toBe(row(/Strand/));
});

it('who is at a row that another has handled is left at the next', async () => {
  show('staff');
  await screen.findByRole('link', { name: /Strand/ });
  row(/Strand/).focus();
  waiting = two.slice(1);
  await client.invalidateQueries({ queryKey: ['queue'] });

  await waitFor(() => expect(document.activeElement).toBe(row(/Fleet Street/)));
});

it('opening one leads to its heading, and its address can be kept', async () => {
  show('staff');
  await userEvent.click(await screen.findByRole('link', { name: /Strand/ }));

  const heading = await screen.findByRole('heading', { name: 'Pothole, Strand' });
  await waitFor(() => expect(document.activeElement).toBe(heading));
  expect(location.search).toBe('?sel=r-1');
  expect(screen.getByRole('link', { name: 'Next report' }).getAttribute('href')).toBe(
    '/staff?sel=r-2',
  );
  expect(screen.getByText('None')).toBeTruthy();
});

it('closing it leads back to its row', async () => {
  show('staff');
  await userEvent.click(await screen.findByRole('link', { name: /Strand/ }));
  await screen.findByRole('heading', { name: 'Pothole, Strand' });
  screen.getByRole('link', { name: 'Back to the list' }).focus();
  await userEvent.keyboard('{Enter}');

  expect(document.activeElement).toBe(row(/Strand/));
});

it('a filter is in the address and in what is asked for', async () => {
  show('staff');
  await userEvent.click(await screen.findByRole('button', { name: /Closed/ }));
  await userEvent.selectOptions(screen.getByLabelText(/Filed/), 'over3');

  expect(location.search).toBe('?status=closed&age=over3');
  await waitFor(() => expect(asked.at(-1)?.query.get('before')).toBeTruthy());
  expect(asked.at(-1)?.query.get('status')).toBe('closed');
});

it('an empty queue says so, and a filter that fits nothing leads back', async () => {
  waiting = [];
  show('staff');
  expect(await screen.findByText('Nothing waits.')).toBeTruthy();

  await userEvent.click(screen.getByRole('button', { name: /Closed/ }));
  expect(
    (await screen.findByRole('link', { name: 'Show all that waits' })).getAttribute('href'),
  ).toBe('/staff');
});

it('a queue that cannot be read says why, and can be read again', async () => {
  let works = false;
  show('staff', () =>
    works
      ? { items: two, next: null, counts: { by_status: none, oldest_open: null } }
      : refusal(503, 'down'),
  );
  expect((await screen.findByRole('alert')).textContent).toMatch(/server is in trouble/);
  works = true;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));

  expect(await screen.findByRole('link', { name: /Strand/ })).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
});

it('what waits for the line says so, and comes with it', async () => {
  show('staff');
  const first = await screen.findByRole('link', { name: /Strand/ });
  onlineManager.setOnline(false);
  await userEvent.click(first);
  expect(await screen.findByText('You are offline.')).toBeTruthy();

  onlineManager.setOnline(true);
  expect(await screen.findByRole('heading', { name: 'Pothole, Strand' })).toBeTruthy();
  expect(screen.queryByText('You are offline.')).toBeNull();

  onlineManager.setOnline(false);
  await userEvent.selectOptions(screen.getByLabelText('Status'), 'Resolved');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect((await screen.findByRole('alert')).textContent).toMatch(/saved when you are online/);
  expect(asked.filter(({ method }) => method === 'PATCH')).toEqual([]);
});
