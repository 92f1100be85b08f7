import { render, screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { PulseTile } from '@/api/types';
import { Tiles } from './Tiles';

function tile(over: Partial<PulseTile>): PulseTile {
  return {
    key: 'vehicles_live',
    label: '',
    unit: '1',
    value: 204,
    series: [],
    freshness: 'fresh',
    unread: 0,
    ...over,
  };
}

function texts(tiles: PulseTile[] | undefined): (string | null)[] {
  render(<Tiles tiles={tiles} />);
  const region = screen.getByRole('region', { name: 'The city in numbers' });
  return [...region.children].map((each) => each.textContent);
}

it('a number says how fresh it is', () => {
  expect(texts([tile({})])).toEqual(['Vehicles on the move204Fresh']);
});

it('a number that is not whole says so, and nothing known is no zero', () => {
  const partial = tile({ freshness: null });
  const unknown = tile({ key: 'service_requests_open', value: null, freshness: null });

  expect(texts([partial, unknown])).toEqual([
    'Vehicles on the move204Reading sources…',
    'Open service requests–Reading sources…',
  ]);
});

it('a number that lacks sources which could not be read says how many', () => {
  const short = tile({ freshness: null, unread: 1 });
  const shorter = tile({ key: 'bikes_available', value: null, freshness: null, unread: 2 });

  expect(texts([short, shorter])).toEqual([
    'Vehicles on the move2041 source missing',
    'Bikes to hire–2 sources missing',
  ]);
});

it('waits in the places of its four numbers', () => {
  render(<Tiles tiles={undefined} />);

  const region = screen.getByRole('region', { name: 'The city in numbers' });
  expect(within(region).getAllByText(/./)).toHaveLength(4);
});
