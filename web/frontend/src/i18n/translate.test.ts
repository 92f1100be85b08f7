import { describe, expect, it } from 'vitest';
import { translate } from './translate';

const EN = { list: { new_one: '{{count}} new', new_other: '{{count}} new ones' }, only: 'English' };
const FR = { list: { new_one: '{{count}} nouveau', new_other: '{{count}} nouveaux' } };
const say = (language: string, key: string, values = {}) =>
  translate(language === 'fr' ? [FR, EN] : [EN], language, key, values);

describe('words', () => {
  it('fill their gaps, and leave one that nothing fills to be seen', () => {
    expect(translate([{ a: 'Is {{x}} of {{y}}' }], 'en', 'a', { x: 1 })).toBe('Is 1 of {{y}}');
  });

  it.each([
    ['en', 0, '0 new ones'],
    ['en', 1, '1 new'],
    ['fr', 0, '0 nouveau'],
    ['fr', 2, '2 nouveaux'],
    // A million is `many` in French, a form that we do not write.
    ['fr', 1_000_000, '1000000 nouveaux'],
  ])('take the plural of %s for %i', (language, count, said) => {
    expect(say(language, 'list.new', { count })).toBe(said);
  });

  it('come from English where a language has none', () => {
    expect(say('fr', 'only')).toBe('English');
  });

  it('that nobody has are the default, else the key', () => {
    expect(say('en', 'kind.hovercraft', { defaultValue: 'hovercraft' })).toBe('hovercraft');
    expect(say('en', 'list.toString')).toBe('list.toString');
  });
});
