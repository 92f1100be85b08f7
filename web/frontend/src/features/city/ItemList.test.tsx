import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import { feature } from '../../../tests/samples';
import { ItemList } from './ItemList';
import type { Ref } from '@/map/geojson';
import { featureItem, type Item } from './items';

const ITEMS = ['a', 'b', 'c'].map((id) => featureItem(feature({ id, title: `Item ${id}` })));

function list(items: Item[], onSelect: (ref: Ref) => void = () => undefined) {
  return (
    <ItemList
      title="Happening now"
      items={items}
      filterKey=""
      selected={null}
      empty={null}
      onSelect={onSelect}
      onHover={() => undefined}
    />
  );
}

afterEach(() => vi.unstubAllGlobals());

it('the arrows walk the rows, and Enter opens the one that is reached', async () => {
  const open = vi.fn();
  render(list(ITEMS, open));
  const rows = screen.getAllByRole('button');
  rows[0]?.focus();

  await userEvent.keyboard('{ArrowDown}');
  expect(document.activeElement).toBe(rows[1]);
  await userEvent.keyboard('{End}{ArrowDown}');
  expect(document.activeElement).toBe(rows[2]);
  await userEvent.keyboard('{Home}{ArrowUp}');
  expect(document.activeElement).toBe(rows[0]);
  await userEvent.keyboard('{ArrowDown}{Enter}');
  expect(open).toHaveBeenCalledExactlyOnceWith('feature:b');
});

it('who asks for what is new goes on at the first of it', async () => {
  class Away {
    constructor(private readonly tell: (seen: { isIntersecting: boolean }[]) => void) {}
    observe = () => this.tell([{ isIntersecting: false }]);
    disconnect = () => undefined;
  }
  vi.stubGlobal('IntersectionObserver', Away);
  const { rerender } = render(list(ITEMS));
  const news = featureItem(feature({ id: 'n', title: 'News' }));
  rerender(list([news, ...ITEMS]));

  screen.getByRole('button', { name: /1 new/ }).focus();
  await userEvent.keyboard('{Enter}');

  expect(document.activeElement).toBe(screen.getByRole('button', { name: /News/ }));
});
