/**
 * The access token, in memory only: a reload asks the refresh cookie for a new one.
 */
let accessToken: string | null = null;
let endsAt = 0;
const listeners = new Set<(token: string | null) => void>();

export function getToken(): string | null {
  return accessToken;
}

/** Seconds until the token in hand ends; infinite without one, because there is nothing to lose. */
export function secondsLeft(now: number): number {
  return accessToken === null ? Infinity : (endsAt - now) / 1_000;
}

export function setToken(token: string | null, expiresInSeconds = 0, now = Date.now()): void {
  accessToken = token;
  endsAt = now + expiresInSeconds * 1_000;
  for (const tell of listeners) tell(token);
}

export function onToken(listener: (token: string | null) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
