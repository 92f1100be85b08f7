import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { NarrowMenu } from './NarrowMenu';

beforeEach(async () => {
  render(
    <>
      <NarrowMenu className="">
        <a href="#now">Now</a>
      </NarrowMenu>
      <a href="#beyond">Beyond</a>
    </>,
  );
  await userEvent.tab();
  await userEvent.keyboard('{Enter}');
});

it('Escape closes the menu, and goes back to what opened it', async () => {
  await userEvent.tab();
  expect(document.activeElement).toBe(screen.getByRole('link', { name: 'Now' }));
  await userEvent.keyboard('{Escape}');

  expect(screen.queryByRole('link', { name: 'Now' })).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole('button', { expanded: false }));
});

it('going on past the menu closes it, so that it lies over nothing that is in use', async () => {
  await userEvent.tab();
  await userEvent.tab();

  expect(document.activeElement).toBe(screen.getByRole('link', { name: 'Beyond' }));
  expect(screen.queryByRole('link', { name: 'Now' })).toBeNull();
});
