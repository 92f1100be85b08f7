import { secondsLeft, getToken, setToken } from './token';
import type { Session } from './types';

const REFRESH = '/api/v1/auth/refresh';
const LOCK = 'citypulse.refresh';
const CSRF_COOKIE = /(?:^|; )csrf_refresh_token=([^;]+)/;
/** A token this close to its end is traded before something is sent that must not be lost. */
const SPARE_SECONDS = 60;
/** Names the token that is being traded. */
const TRADING = 'citypulse.trading';
const ON_ITS_WAY_MS = 4_000;
const LOOK_MS = 40;

/** The CSRF value that the server pairs with its refresh cookie. */
export function csrf(): Record<string, string> {
  const value = csrfValue();
  return value ? { 'X-CSRF-TOKEN': decodeURIComponent(value) } : {};
}

/** A new one comes with each refresh token, which makes it that token's name. */
function csrfValue(): string {
  return CSRF_COOKIE.exec(document.cookie)?.[1] ?? '';
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
  await tradedBefore();
  localStorage.setItem(TRADING, csrfValue());
  const answer = await fetch(REFRESH, {
    method: 'POST',
    credentials: 'same-origin',
    headers: csrf(),
    // A page that is left or reloaded meanwhile must still leave the next token behind.
    keepalive: true,
  }).finally(() => localStorage.removeItem(TRADING));
  if (answer.status >= 500 || answer.status === 429) throw new Error(`HTTP ${answer.status}`);
  const session = answer.ok ? ((await answer.json()) as Session) : null;
  setToken(session?.access_token ?? null, session?.expires_in);
  return session;
}

/**
 * A page that was left while it waited gave up its turn, but not its request: the token at hand is
 * used by then, and the next one is on its way. A request that was lost is not waited for long.
 */
async function tradedBefore(): Promise<void> {
  const used = localStorage.getItem(TRADING);
  const until = Date.now() + ON_ITS_WAY_MS;
  while (used && used === csrfValue() && Date.now() < until) {
    await new Promise((go) => setTimeout(go, LOOK_MS));
  }
}

/**
 * Whatever changes the refresh cookie, one after the other over all tabs. Without locks (a page that
 * is not served securely) each tab hopes for the best.
 */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? await navigator.locks.request(LOCK, work) : await work();
}
