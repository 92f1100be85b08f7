import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { Attempts } from './JobPage';

const attempt = { started_at: null, finished_at: null, error: null, worker: null };

it('how an attempt ended is said in words of the page', () => {
  const outcomes = ['failed', 'released', 'rescued', 'cancelled', 'succeeded', null, 'unheard of'];
  render(
    <Attempts attempts={outcomes.map((outcome, n) => ({ ...attempt, attempt: n, outcome }))} />,
  );

  const said = screen.getAllByRole('row').slice(1);

  expect(said.map((row) => row.querySelectorAll('td, th')[3]?.textContent)).toEqual([
    'Failed',
    'Handed back',
    'Worker fell silent',
    'Cancelled',
    'Succeeded',
    'Running',
    'unheard of',
  ]);
});
