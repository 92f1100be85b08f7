import { language, speaker, type Key } from '@/i18n';
import type { Values } from '@/i18n/translate';
import type { Problem } from './types';

/** An answer of the API that is not what was asked for (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(trouble(status) ?? refusal(status, problem));
    this.name = 'ApiError';
  }

  /** Messages per field, for a form that was refused. */
  get fields(): Record<string, string> {
    return Object.fromEntries((this.problem.errors ?? []).map((e) => [e.field, e.message]));
  }
}

/** No answer at all, in the reader's language: what the browser says of it is in its own. */
export function unreachable(): Error {
  return new Error(inWords('error.unreachable'));
}

/** What is wrong with the server, and not with what was asked. */
function trouble(status: number): string | null {
  if (status === 429) return inWords('error.busy');
  return status >= 500 ? inWords('error.trouble') : null;
}

const REFUSED = [400, 401, 403, 404, 409, 410, 412, 413, 422] as const;

/** What is wrong with what was asked: the server's own words, and in another language than its own ours before them. */
function refusal(status: number, { detail, title }: Partial<Problem>): string {
  const known = REFUSED.find((one) => one === status);
  const words = known && inWords(`error.refused.${known}`);
  if (!words || (detail && language() === 'en')) return detail ?? title ?? `HTTP ${status}`;
  return detail ? inWords('error.refusedSaying', { refusal: words, detail }) : words;
}

function inWords(key: Key, values?: Values): string {
  return speaker(language())(key, values);
}

/** True when asking again may help: no answer at all, or the server's own trouble. */
export function isTransient(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}
