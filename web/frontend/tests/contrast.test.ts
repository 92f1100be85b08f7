import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync(join(import.meta.dirname, '../src/app/styles.css'), 'utf8');

function tokens(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(selector)).split('}')[0] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--([a-z]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
  ) as Record<string, string>;
}

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const WORDS = ['ink', 'muted', 'accent', 'ok', 'warn', 'bad'];
const KINDS = ['report', 'transit', 'bike', 'air', 'weather', 'roadworks', 'event', 'news'];
const GROUNDS = ['surface', 'bg', 'land'];

describe.each([
  ['light', tokens(':root {')],
  ['dark', tokens(":root[data-theme='dark'] {")],
])('the %s theme', (_, token) => {
  const ratio = (a: string, b: string) => contrast(token[a] ?? '', token[b] ?? '');

  it('has every token that the other has', () => {
    expect(Object.keys(token).sort()).toEqual(Object.keys(tokens(':root {')).sort());
  });

  it.each(WORDS.concat(KINDS).flatMap((word) => GROUNDS.map((ground) => [word, ground])))(
    'reads %s on %s',
    (word, ground) => {
      expect(ratio(word, ground)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(GROUNDS)('shows the border of a control on %s', (ground) => {
    expect(ratio('control', ground)).toBeGreaterThanOrEqual(3);
  });

  it.each([...KINDS, 'accent'])('reads the sign on a badge of %s', (kind) => {
    expect(ratio('onaccent', kind)).toBeGreaterThanOrEqual(4.5);
  });
});

it('measures as WCAG does', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
