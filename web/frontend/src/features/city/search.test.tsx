import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { feature } from '../../../tests/samples';
import { useFound } from './search';
import { SearchProgress } from './SearchProgress';

let answers: Record<string, [status: number, body: unknown]>;
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', (request: Request) => {
    const cursor = new URL(request.url).searchParams.get('cursor') ?? 'first';
    asked.push(cursor);
    const [status, body] = answers[cursor] ?? [404, {}];
    const headers = { 'Content-Type': 'application/json' };
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
  });
});
afterEach(() => vi.unstubAllGlobals());

function page(ids: string[], next: string | null): [number, unknown] {
  const items = ids.map((id) => feature({ id, title: `Lamp ${id}` }));
  return [200, { items, next, searched: next ? 30_000 : null }];
}

function Search({ q }: { q: string }) {
  const { data, searched, again } = useFound('london', q);
  return (
    <>
      {data?.map(({ id, title }) => (
        <p key={id}>{title}</p>
      ))}
      {data && searched === null && !again && <p>Over</p>}
      <SearchProgress searched={searched} again={again} />
    </>
  );
}

function show(q: string): void {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Search q={q} />
    </QueryClientProvider>,
  );
}

it('a search goes on through empty pages until the oldest, and tells each feature once', async () => {
  answers = {
    first: page(['new'], 'a'),
    a: page([], 'b'),
    b: page(['new', 'old'], null),
  };
  show('lamp');

  expect(await screen.findByText(/Searched 30,000 so far/)).toBeTruthy();
  expect(await screen.findByText(/Searched 60,000 so far/)).toBeTruthy();
  expect(await screen.findByText('Over')).toBeTruthy();
  expect(screen.getAllByText(/^Lamp/).map((row) => row.textContent)).toEqual([
    'Lamp new',
    'Lamp old',
  ]);
  expect(asked).toEqual(['first', 'a', 'b']);
});

it('a search that found enough looks no further', async () => {
  answers = {
    first: page(
      Array.from({ length: 200 }, (_, n) => `${n}`),
      'a',
    ),
  };
  show('lamp');

  expect(await screen.findByText('Over')).toBeTruthy();
  expect(asked).toEqual(['first']);
});

it('a search that breaks off says so, and goes on when asked', async () => {
  answers = { first: page(['new'], 'a'), a: page([], 'b') };
  show('lamp');

  const again = await screen.findByRole('button', { name: 'Try again' });
  answers.b = page(['old'], null);
  await userEvent.click(again);

  expect(await screen.findByText('Lamp old')).toBeTruthy();
  expect(asked).toEqual(['first', 'a', 'b', 'b']);
});
