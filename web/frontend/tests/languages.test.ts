import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import enFirst from '@/i18n/en.json';
import enPages from '@/i18n/en.pages.json';
import frFirst from '@/i18n/fr.json';
import frPages from '@/i18n/fr.pages.json';

const en = { ...enFirst, ...enPages };
const fr = { ...frFirst, ...frPages };

function keys(words: object, path = ''): string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'object' ? keys(value as object, `${path}${key}.`) : [`${path}${key}`],
  );
}

function placeholders(words: object, key: string): string[] {
  const text = key
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], words);
  return [...String(text).matchAll(/{{\w+}}/g)].map(String).sort();
}

it('keeps each group of words in one file', () => {
  expect(Object.keys(enFirst).filter((group) => group in enPages)).toEqual([]);
  expect(Object.keys(frFirst)).toEqual(Object.keys(enFirst));
});

it('says everything in every language', () => {
  expect(keys(fr).sort()).toEqual(keys(en).sort());
});

it('fills the same gaps in every language', () => {
  const differing = keys(en).filter(
    (key) => placeholders(fr, key).join() !== placeholders(en, key).join(),
  );

  expect(differing).toEqual([]);
});

it('leaves no word unused', () => {
  const root = join(import.meta.dirname, '../src');
  const code = readdirSync(root, { recursive: true })
    .filter((name) => /\.tsx?$/.test(String(name)) && !String(name).endsWith('.d.ts'))
    .map((name) => readFileSync(join(root, String(name)), 'utf8'))
    .join('\n');
  const unused = keys(en).filter((key) => {
    const plain = key.replace(/_(one|other)$/, '');
    const [group = '', last = ''] = [
      plain.slice(0, plain.lastIndexOf('.')),
      plain.split('.').at(-1),
    ];
    const built = code.includes(`\`${group}.`) || code.includes(`${group}.last`);
    return !code.includes(`'${plain}'`) && !(built && last);
  });

  expect(unused).toEqual([]);
});
