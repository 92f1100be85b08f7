import { expect, it } from 'vitest';
import { filterOf, following, queryOf, total } from './queue';

const NOW = Date.parse('2026-03-15T12:00:00Z');
const asked = (search: string) => queryOf(filterOf(new URLSearchParams(search)), NOW);

it('what is open is asked for, the longest wait first, unless the address says otherwise', () => {
  expect(asked('')).toEqual({
    status: 'received,published,in_progress',
    category: undefined,
    since: undefined,
    before: undefined,
    order: 'oldest',
  });
  expect(asked('status=closed&category=pothole&age=over14&order=newest')).toEqual({
    status: 'closed',
    category: 'pothole',
    since: undefined,
    before: '2026-03-01T12:00:00.000Z',
    order: 'newest',
  });
  expect(asked('status=all&age=day')).toMatchObject({
    status: undefined,
    since: '2026-03-14T12:00:00.000Z',
  });
});

it('an address that names what there is not asks for what is open', () => {
  expect(asked('status=lost&age=constructor&order=best')).toEqual(asked(''));
});

it('counts what is there of some statuses', () => {
  expect(total({ published: 2, closed: 5 }, ['received', 'published'])).toBe(2);
});

it('who has handled one goes on to the next, also when it has left the list', () => {
  expect(following(['a', 'b', 'c'], 'b', 1)).toBe('c');
  expect(following(['a', 'c'], 'b', 1)).toBe('c');
  expect(following(['a', 'b'], 'c', 2)).toBe('a');
  expect(following(['a', 'b'], 'b', 1)).toBeNull();
  expect(following([], 'b', 0)).toBeNull();
});
