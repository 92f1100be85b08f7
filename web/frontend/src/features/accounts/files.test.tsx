import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import type { Upload } from '@/api/types';
import { FilesPanel } from './FilesPanel';

afterEach(() => vi.unstubAllGlobals());

const file = (over: Partial<Upload>): Upload => ({
  id: 'u-1',
  filename: 'square.jpg',
  size: 1_200,
  media_type: 'image/jpeg',
  state: 'ready',
  error: null,
  job_id: null,
  created_at: '2026-03-01T12:00:00Z',
  taken_at: null,
  taken_point: null,
  ...over,
});

/** A server that keeps what it is sent. */
function show(files: Upload[]): void {
  vi.stubGlobal('fetch', async (_: unknown, init?: RequestInit) => {
    if (init?.method === 'POST') {
      const sent = (init.body as FormData).get('file') as File;
      files.unshift(file({ id: 'u-2', filename: sent.name }));
      return Response.json({ id: 'u-2', job_id: 'j-2' }, { status: 202 });
    }
    return Response.json({ items: files, next: null });
  });
  render(
    <QueryClientProvider
      client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
    >
      <FilesPanel />
    </QueryClientProvider>,
  );
}

it('each file is told with its state, its reason, and where it is', async () => {
  show([
    file({}),
    file({ id: 'u-0', filename: 'a.gif', state: 'rejected', error: 'It is empty.' }),
  ]);

  const open = await screen.findByRole('link', { name: 'Open square.jpg' });
  expect(open.getAttribute('href')).toBe('/api/v1/photos/u-1/large.webp');
  expect(screen.getByText('Refused')).toBeTruthy();
  expect(screen.getByText('It is empty.')).toBeTruthy();
  expect(screen.queryByRole('link', { name: 'Open a.gif' })).toBeNull();
});

it('what is sent is in the list, and nothing is sent that was not chosen', async () => {
  show([]);
  await screen.findByText('Nothing sent yet.');
  await userEvent.click(screen.getByRole('button', { name: 'Send the file' }));
  expect(document.activeElement).toBe(screen.getByLabelText('Photo'));
  expect(screen.getByText('Choose a file.')).toBeTruthy();

  await userEvent.upload(
    screen.getByLabelText('Photo'),
    new File(['x'], 'new.jpg', { type: 'image/jpeg' }),
  );
  await userEvent.click(screen.getByRole('button', { name: 'Send the file' }));
  expect(await screen.findByText('new.jpg')).toBeTruthy();
});
