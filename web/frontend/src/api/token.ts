/**
 * The access token, in memory only: a reload asks the refresh cookie for a new one.
 */
let accessToken: string | null = null;
const listeners = new Set<(token: string | null) => void>();

export function getToken(): string | null {
  return accessToken;
}

export function setToken(token: string | null): void {
  accessToken = token;
  for (const tell of listeners) tell(token);
}

export function onToken(listener: (token: string | null) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
