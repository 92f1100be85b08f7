/** Words by key, with gaps and plurals. Pure: the words and the language are arguments. */

export interface Words {
  [key: string]: string | Words;
}

/** What fills the gaps; `count` also chooses the plural, `defaultValue` stands for an unknown key. */
export type Values = Record<string, string | number>;

type WithoutPlural<Name extends string> = Name extends `${infer Stem}_${'one' | 'other'}`
  ? Stem
  : Name;

/** Every key of a tree of words, `group.name`; the forms of a plural are one key. */
export type KeyOf<Tree, Path extends string = ''> = {
  [Name in keyof Tree & string]: Tree[Name] extends string
    ? `${Path}${WithoutPlural<Name>}`
    : KeyOf<Tree[Name], `${Path}${Name}.`>;
}[keyof Tree & string];

/**
 * The text of a key from the first tree that has it, its gaps filled; the key itself where none has.
 *
 * A plural is written `name_one`, `name_other`; a form that a language names and we do not write
 * (the French `many`) is `other`.
 */
export function translate(
  trees: Words[],
  language: string,
  key: string,
  values: Values = {},
): string {
  const text = find(trees, forms(language, key, values.count)) ?? values.defaultValue ?? key;
  return String(text).replace(/{{(\w+)}}/g, (gap, name: string) => String(values[name] ?? gap));
}

function forms(language: string, key: string, count: string | number | undefined): string[] {
  if (typeof count !== 'number') return [key];
  return [`${key}_${new Intl.PluralRules(language).select(count)}`, `${key}_other`, key];
}

function find(trees: Words[], keys: string[]): string | undefined {
  for (const tree of trees) {
    for (const key of keys) {
      const found = at(tree, key);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function at(tree: Words, key: string): string | undefined {
  let here: string | Words | undefined = tree;
  for (const name of key.split('.')) {
    if (typeof here !== 'object' || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  return typeof here === 'string' ? here : undefined;
}
