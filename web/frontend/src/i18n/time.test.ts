import { describe, expect, it, vi } from 'vitest';
import { age, bytes, clock, count, day, moment, regionalForm } from './time';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();

describe('age', () => {
  it.each([
    [0, '0 sec'],
    [59, '59 sec'],
    [60, '1 min'],
    [3_599, '59 min'],
    [3_600, '1 hr'],
    [86_399, '23 hr'],
    [86_400, '1 day'],
    [200_000, '2 days'],
  ])('of %i seconds is %s', (seconds, words) => {
    expect(age(ago(seconds), NOW, 'en')).toBe(words);
  });

  it('is never negative: a publisher whose clock runs ahead is not from the future', () => {
    expect(age(ago(-90), NOW, 'en')).toBe('0 sec');
  });

  it('speaks French', () => {
    expect(age(ago(3_600), NOW, 'fr')).toMatch(/^1\sh$/);
  });
});

it('a time is told on the city’s clock, with the zone only where the reader’s differs', () => {
  expect(clock('2026-07-01T12:00:00Z', 'en', 'Europe/London')).toBe('13:00');
  expect(moment('2026-07-01T12:00:00Z', 'en', 'Asia/Kolkata')).toContain('GMT+5:30');
  expect(moment('2026-07-01T12:00:00Z', 'en')).not.toContain('GMT');
});

it('what is no time is shown as it is, and breaks nothing', () => {
  expect(moment('every minute', 'en')).toBe('every minute');
  expect(age('every minute', NOW, 'en')).toBe('');
});

it('an unknown number is a dash, not a zero', () => {
  expect(count(null, 'en')).toBe('–');
  expect(count(1_234.56, 'en')).toBe('1,234.6');
});

it.each([
  [0, '0 byte'],
  [999, '999 byte'],
  [1_000, '1 kB'],
  [1_250_000, '1.3 MB'],
])('a size of %i is %s', (size, words) => {
  expect(bytes(size, 'en')).toBe(words);
});

it('a day is told with its year, in the reader’s order', () => {
  expect(day('2026-03-01T12:00:00Z', 'en')).toBe('Mar 1, 2026');
  expect(day('2026-03-01T12:00:00Z', 'fr')).toBe('1 mars 2026');
  expect(day(null, 'fr')).toBe('–');
});

it.each([
  ['en', ['en-GB', 'fr'], '1 Mar 2026'],
  ['en', ['fr-CA', 'en-US'], 'Mar 1, 2026'],
  ['fr', ['en-GB'], '1 mars 2026'],
])('a day in %s for who reads %s is %s', (language, wanted, said) => {
  expect(day('2026-03-01T12:00:00Z', regionalForm(language, wanted))).toBe(said);
});

it('formatters are made once, not for every row', () => {
  const made = vi.spyOn(Intl, 'NumberFormat');
  for (let row = 0; row < 200; row += 1) age(ago(row % 50), NOW, 'en-AU');

  expect(made).toHaveBeenCalledTimes(1);
  made.mockRestore();
});
