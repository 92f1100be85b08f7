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
  one_of: 'choice',
  choice: 'choice',
  enum: 'choice',
  literal_error: 'choice',
  string_too_long: 'long',
  order: 'order',
  unknown: 'unknown',
  scheme: 'address',
  range: 'range',
  greater_than_equal: 'range',
  less_than_equal: 'range',
  int_parsing: 'range',
  json: 'json',
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

/** What the controls of a form lack, told by the browser's own checks, in their order. */
export function missing(form: HTMLFormElement): FieldProblem[] {
  return controls(form).flatMap((control) => {
    if (!control.willValidate || control.validity.valid) return [];
    const message = control.validationMessage;
    return [{ field: control.name, label: labelOf(control), rule: broken(control), message }];
  });
}

/** Which rule a control breaks; one that it was told itself (`setCustomValidity`) is named by its words. */
function broken({ type, validity, validationMessage }: HTMLInputElement): string {
  if (validity.valueMissing) return 'required';
  if (validity.customError) return validationMessage;
  if (validity.typeMismatch) return type === 'email' ? 'format' : 'scheme';
  const isRange = validity.rangeUnderflow || validity.rangeOverflow || validity.badInput;
  return isRange || validity.stepMismatch ? 'range' : 'other';
}

/**
 * The problems of a refused form, each bound to a field that it has (`scopes.0` is `scopes`). What is
 * wrong with one option of a field (`options.hours`) is told by its name and in the server's words.
 */
export function refused(error: unknown, form: HTMLFormElement): FieldProblem[] {
  if (!(error instanceof ApiError)) return [];
  return (error.problem.errors ?? []).flatMap(({ field, rule, message }) => {
    const control = controls(form).find(
      ({ name }) => name === field || name === field.split('.')[0],
    );
    if (!control) return [];
    const inner = field.slice(control.name.length + 1);
    const told = /^[a-z]/i.test(inner)
      ? { rule: '', message: `${inner} ${message}` }
      : { rule, message };
    return [{ field: control.name, label: labelOf(control), ...told }];
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
