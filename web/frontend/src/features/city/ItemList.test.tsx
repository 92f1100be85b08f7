import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { feature } from '../../../tests/samples';
import { ItemList } from './ItemList';
import { featureItem } from './items';

const ITEMS = ['a', 'b', 'c'].map((id) => featureItem(feature({ id, title: `Item ${id}` })));

it('the arrows walk the rows, and Enter opens the one that is reached', async () => {
  const open = vi.fn();
  render(
    <ItemList
      title="Happening now"
      items={ITEMS}
      filterKey=""
      selected={null}
      empty={null}
      onSelect={open}
      onHover={() => undefined}
    />,
  );
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
