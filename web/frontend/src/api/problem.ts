import { language, speaker, type Key } from '@/i18n';
import type { Problem } from './types';

/** An answer of the API that is not what was asked for (RFC 9457). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(trouble(status) ?? problem.detail ?? problem.title ?? `HTTP ${status}`);
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

function inWords(key: Key): string {
  return speaker(language())(key);
}

/** True when asking again may help: no answer at all, or the server's own trouble. */
export function isTransient(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}
