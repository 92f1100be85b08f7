import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import type { Report } from '@/api/types';
import { answering, refusal } from '../../../tests/api';
import { report } from '../../../tests/samples';
import { Triage } from './Triage';

afterEach(() => vi.unstubAllGlobals());

const client = new QueryClient();
const panel = (one: Report) => (
  <QueryClientProvider client={client}>
    <Triage report={one} />
  </QueryClientProvider>
);
const published = report({ status: 'published', moves: ['in_progress', 'resolved', 'closed'] });
const save = () => userEvent.click(screen.getByRole('button', { name: 'Save' }));
const choose = (name: string) => userEvent.selectOptions(screen.getByLabelText('Status'), name);

it('offers where the report may go from here, and says what it was', async () => {
  const asked = answering({ 'PATCH /reports/r-1': () => ({ ...published, status: 'resolved' }) });
  render(panel(published));
  expect(screen.getAllByRole('option').map((one) => one.textContent)).toEqual([
    'Published (stays, reply only)',
    'In progress',
    'Resolved',
    'Closed',
  ]);
  await choose('Resolved');
  await userEvent.type(screen.getByLabelText('Note'), 'Mended.');
  await save();

  await screen.findByText(/Saved/);
  expect(asked[0]?.body).toEqual({ status: 'resolved', note: 'Mended.', was: 'published' });
  expect(screen.getByLabelText<HTMLTextAreaElement>('Note').value).toBe('');
});

it('a reply without words is not sent, and the focus is where they are missing', async () => {
  const asked = answering({});
  render(panel(published));
  await save();

  expect(document.activeElement).toBe(screen.getByLabelText('Note'));
  expect(screen.getByText(/or write a note/)).toBeTruthy();
  expect(asked).toEqual([]);
});

it('what another has moved meanwhile is not moved back', async () => {
  const asked = answering({});
  const { rerender } = render(panel(published));
  await choose('In progress');
  await userEvent.type(screen.getByLabelText('Note'), 'On its way.');
  rerender(panel({ ...published, status: 'closed', moves: ['in_progress'] }));

  expect(screen.getByRole('alert').textContent).toMatch(/it is “Closed” now/);
  await save();
  expect(asked).toEqual([]);
  expect(document.activeElement).toBe(screen.getByLabelText('Status'));
  expect(screen.getByLabelText<HTMLTextAreaElement>('Note').value).toBe('On its way.');
});

it('a refusal because another was first is told as that, and keeps the note', async () => {
  answering({ 'PATCH /reports/r-1': () => refusal(409, 'Somebody has moved this report') });
  render(panel(published));
  await choose('In progress');
  await userEvent.type(screen.getByLabelText('Note'), 'On its way.');
  await save();

  expect((await screen.findByRole('alert')).textContent).toMatch(/Nothing of yours was saved/);
  expect(screen.getByLabelText<HTMLTextAreaElement>('Note').value).toBe('On its way.');
});
