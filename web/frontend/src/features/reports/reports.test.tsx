import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { ErrorSummary } from '@/ui/ErrorSummary';
import { check, emptyDraft, refusals } from './draft';
import { fit } from './photo';
import { PhotoPicker } from './PhotoPicker';
import { Photos } from './Photos';
import { Stepper } from './Stepper';

describe('check', () => {
  const good = {
    ...emptyDraft(),
    address: 'Strand 1',
    category: 'pothole',
    description: 'Deep hole',
  };
  const rules = (draft: typeof good) => check(draft).map((problem) => problem.rule);

  it('accepts an address without a map', () => {
    expect(rules(good)).toEqual([]);
  });

  it('accepts a pin without an address', () => {
    expect(rules({ ...good, address: '', lon: -0.1, lat: 51.5 })).toEqual([]);
  });

  it('accepts a photo instead of words', () => {
    expect(rules({ ...good, description: '', photos: [new Blob()] })).toEqual([]);
  });

  it('names everything that is missing, in the order of the form', () => {
    expect(rules({ ...emptyDraft(), email: 'nobody' })).toEqual([
      'place',
      'category',
      'description',
      'email',
    ]);
  });

  it('gives each draft its own key, so that a repeated send files one report', () => {
    expect(emptyDraft().key).not.toBe(emptyDraft().key);
  });
});

it('a refusal is told at the fields of the form, in our words where we have any', () => {
  const errors = [
    { field: 'lon', rule: 'inside', message: 'This place is not in London.' },
    { field: 'category', rule: 'one_of', message: 'Choose one of: pothole.' },
    { field: 'language', rule: 'odd', message: 'Another language.' },
  ];

  expect(refusals({ errors }).map(({ field, rule }) => [field, rule])).toEqual([
    ['address', 'inside'],
    ['category', 'category'],
    ['language', undefined],
  ]);
});

it('a photo is made to fit, and never made larger', () => {
  expect(fit(4_032, 3_024)).toEqual([2_048, 1_536]);
  expect(fit(3_024, 4_032)).toEqual([1_536, 2_048]);
  expect(fit(640, 480)).toEqual([640, 480]);
});

it('the error summary takes the focus and leads to the fields', () => {
  render(
    <ErrorSummary title="Please check" errors={[{ field: 'email', message: 'Not an email' }]} />,
  );

  expect(document.activeElement).toBe(screen.getByRole('alert'));
  expect(screen.getByRole('link', { name: 'Not an email' }).getAttribute('href')).toBe('#email');
});

it('the stepper says each state in words', () => {
  render(
    <Stepper
      steps={[
        { key: 'received', state: 'done', at: '2026-03-01T12:00:00Z', detail: null },
        { key: 'photo', state: 'failed', at: null, detail: 'It is not a picture.' },
        { key: 'mail', state: 'skipped', at: null, detail: null },
      ]}
    />,
  );

  expect(screen.getAllByRole('listitem').map((step) => step.dataset.state)).toEqual([
    'done',
    'failed',
    'skipped',
  ]);
  // Whoever is told that something changed is told of which step.
  expect(screen.getAllByRole('listitem').every((step) => step.getAttribute('aria-atomic'))).toBe(
    true,
  );
  expect(screen.getByText('It is not a picture.')).toBeTruthy();
  expect(screen.getByText('Not needed')).toBeTruthy();
});

it('who removes a photo is left where another can be added', async () => {
  const photos = [new Blob(), new Blob()];
  const left = vi.fn();
  render(<PhotoPicker photos={photos} onChange={left} onPlace={() => undefined} />);
  screen.getByRole('button', { name: 'Remove photo 2' }).focus();
  await userEvent.keyboard('{Enter}');

  expect(left).toHaveBeenCalledExactlyOnceWith([photos[0]]);
  expect(document.activeElement).toBe(screen.getByLabelText(/Add another/));
});

it('a photo is not shown before it was cleaned', () => {
  const sizes = { medium: { url: '/p.webp', width: 10, height: 10 } };
  const photo = { id: 'p', alt: null, width: 10, height: 10, sizes, reason: null };
  const { rerender } = render(<Photos photos={[{ ...photo, state: 'processing' }]} />);
  expect(screen.queryByRole('img')).toBeNull();

  rerender(<Photos photos={[{ ...photo, state: 'ready' }]} />);
  expect(screen.getByRole('img').getAttribute('src')).toBe('/p.webp');
});
