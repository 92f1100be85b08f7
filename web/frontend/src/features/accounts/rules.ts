import { ApiError } from '@/api/problem';

/** What is wrong with one field; `message` is the server's, for a rule that has no words here. */
export interface FieldProblem {
  field: string;
  /** What the field is called on the page. */
  label: string;
  rule: string;
  message: string;
}

/** Our words for the rules that fields break; a name of pydantic's stands for the same thing. */
const RULES = {
  required: 'required',
  missing: 'required',
  too_short: 'required',
  string_too_short: 'required',
  format: 'email',
  length: 'length',
  common: 'common',
  personal: 'personal',
  breached: 'breached',
  wrong: 'wrong',
} as const;

export type Rule = (typeof RULES)[keyof typeof RULES];

export function ruleWord(rule: string): Rule | null {
  return Object.hasOwn(RULES, rule) ? RULES[rule as keyof typeof RULES] : null;
}

/** Only a path of this page may follow the sign-in. */
export function ownPath(next: string | null): string | null {
  return next && /^\/(?![/\\])/.test(next) ? next : null;
}

/** The token of a mailed link. It stands in the fragment, which no server and no log sees. */
export function linkToken(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token');
}

/** What the controls of a form lack, told by the browser's own checks, in their order. */
export function missing(form: HTMLFormElement): FieldProblem[] {
  return controls(form).flatMap((control) => {
    if (!control.willValidate || control.validity.valid) return [];
    const rule = control.validity.valueMissing ? 'required' : 'format';
    const message = control.validationMessage;
    return [{ field: control.name, label: labelOf(control), rule, message }];
  });
}

/** The problems of a refused form, each bound to a field that it has (`scopes.0` is `scopes`). */
export function refused(error: unknown, form: HTMLFormElement): FieldProblem[] {
  if (!(error instanceof ApiError)) return [];
  return (error.problem.errors ?? []).flatMap(({ field, rule, message }) => {
    const control = controls(form).find(
      ({ name }) => name === field || name === field.split('.')[0],
    );
    return control ? [{ field: control.name, label: labelOf(control), rule, message }] : [];
  });
}

function controls(form: HTMLFormElement): HTMLInputElement[] {
  return ([...form.elements] as HTMLInputElement[]).filter(({ name }) => name);
}

/** The name of a group of boxes, or of a control alone, without its "(optional)". */
function labelOf(control: HTMLInputElement): string {
  const group =
    control.type === 'checkbox' ? control.closest('fieldset')?.querySelector('legend') : null;
  const label = group ?? control.labels?.[0];
  return (label?.firstChild?.textContent ?? control.name).trim();
}

/** The last word of a problem's type: what kind of refusal it is. */
export function kindOf(error: unknown): string {
  return error instanceof ApiError ? (/[\w-]+$/.exec(error.problem.type ?? '')?.[0] ?? '') : '';
}

/** A browser and a system in words, from what the browser says of itself; null when it says nothing known. */
export function deviceName(agent: string): string | null {
  const browser = BROWSERS.find(([mark]) => mark.test(agent))?.[1];
  const system = SYSTEMS.find(([mark]) => mark.test(agent))?.[1];
  return [browser, system].filter(Boolean).join(', ') || null;
}

/** The first that matches: most browsers also say that they are Chrome, or Safari. */
const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/python|httpx|curl/i, 'API'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Mac OS X/, 'macOS'],
  [/Windows/, 'Windows'],
  [/Linux/, 'Linux'],
];
