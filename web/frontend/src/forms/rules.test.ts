import { expect, it } from 'vitest';
import { ApiError } from '@/api/problem';
import { refused } from './rules';

function form(): HTMLFormElement {
  const made = document.createElement('form');
  made.innerHTML =
    '<label for="o">Options</label><textarea id="o" name="options"></textarea>' +
    '<label for="s">Scopes</label><input id="s" name="scopes">';
  document.body.replaceChildren(made);
  return made;
}

it('names the option that was refused, in the words of the server', () => {
  const errors = [
    { field: 'options.hours', rule: 'unknown', message: 'must be two times' },
    { field: 'scopes.0', rule: 'unknown', message: 'is no scope' },
  ];
  const error = new ApiError(422, { errors });

  expect(refused(error, form())).toEqual([
    { field: 'options', label: 'Options', rule: '', message: 'hours must be two times' },
    { field: 'scopes', label: 'Scopes', rule: 'unknown', message: 'is no scope' },
  ]);
});
