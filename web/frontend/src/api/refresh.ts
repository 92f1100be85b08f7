import { secondsLeft, getToken, setToken } from './token';
import type { Session } from './types';

const REFRESH = '/api/v1/auth/refresh';
const LOCK = 'citypulse.refresh';
const CSRF_COOKIE = /(?:^|; )csrf_refresh_token=([^;]+)/;
/** A token this close to its end is traded before something is sent that must not be lost. */
const SPARE_SECONDS = 60;

/** The CSRF value that the server pairs with its refresh cookie. */
export function csrf(): Record<string, string> {
  const value = CSRF_COOKIE.exec(document.cookie)?.[1];
  return value ? { 'X-CSRF-TOKEN': decodeURIComponent(value) } : {};
}

/** Is there a refresh cookie? Its twin says so, which scripts may read. */
export function mayRefresh(): boolean {
  return CSRF_COOKIE.test(document.cookie);
}

let refreshing: Promise<Session | null> | null = null;

/**
 * Trade the refresh cookie for a session; null when there is none any more.
 *
 * A refresh token is good once, and a second use ends the session as stolen: callers of this tab
 * share one request, and tabs take turns. Rejects when the server cannot be asked, which leaves
 * everything as it was.
 */
export function refreshSession(): Promise<Session | null> {
  refreshing ??= inTurn(trade).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** The access token for a call that must not be refused for its age. */
export async function lastingToken(): Promise<string | null> {
  if (secondsLeft(Date.now()) < SPARE_SECONDS) await refreshSession().catch(() => null);
  return getToken();
}

async function trade(): Promise<Session | null> {
  const answer = await fetch(REFRESH, {
    method: 'POST',
    credentials: 'same-origin',
    headers: csrf(),
  });
  if (answer.status >= 500 || answer.status === 429) throw new Error(`HTTP ${answer.status}`);
  const session = answer.ok ? ((await answer.json()) as Session) : null;
  setToken(session?.access_token ?? null, session?.expires_in);
  return session;
}

/** Without locks (a page that is not served securely) each tab hopes for the best. */
async function inTurn(work: () => Promise<Session | null>): Promise<Session | null> {
  return navigator.locks ? await navigator.locks.request(LOCK, work) : await work();
}
