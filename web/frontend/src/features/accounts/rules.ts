import { ApiError } from '@/api/problem';
import type { User } from '@/api/types';

/** Where somebody's work is: there they go who have signed in without being on the way to a page. */
export function homeOf(role: User['role']): string {
  return HOMES[role] ?? '/';
}

const HOMES: Partial<Record<User['role'], string>> = {
  staff: '/staff',
  partner: '/account',
  admin: '/admin/jobs',
  ops: '/admin/jobs',
};

/** What the way back from Google can say went wrong. */
const PROBLEMS = [
  'google-failed',
  'google-unverified',
  'google-other',
  'google-not-fresh',
  'account-exists',
] as const;

/** What went wrong at Google, as the page's address tells it. */
export function googleProblem(params: URLSearchParams) {
  return PROBLEMS.find((one) => one === params.get('problem'));
}

/** Only a path of this page may follow the sign-in. */
export function ownPath(next: string | null): string | null {
  return next && /^\/(?![/\\])/.test(next) ? next : null;
}

/** The token of a mailed link. It stands in the fragment, which no server and no log sees. */
export function linkToken(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token');
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
