import createClient, { type Middleware } from 'openapi-fetch';
import { ApiError } from './problem';
import type { paths } from './schema';
import { getToken, setToken } from './token';
import type { Problem, Session } from './types';

const REFRESH = '/api/v1/auth/refresh';

/** The CSRF value that the server pairs with its refresh cookie, when it uses one. */
function csrf(): Record<string, string> {
  const value = /(?:^|; )csrf_refresh_token=([^;]+)/.exec(document.cookie)?.[1];
  return value ? { 'X-CSRF-TOKEN': decodeURIComponent(value) } : {};
}

let refreshing: Promise<Session | null> | null = null;

/** Trade the refresh cookie for a session; several callers at once share one request. */
export function refreshSession(): Promise<Session | null> {
  refreshing ??= fetch(REFRESH, { method: 'POST', credentials: 'same-origin', headers: csrf() })
    .then(async (answer) => (answer.ok ? ((await answer.json()) as Session) : null))
    .catch(() => null)
    .then((session) => {
      setToken(session?.access_token ?? null);
      return session;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

const bearer: Middleware = {
  onRequest({ request }) {
    const token = getToken();
    if (token) request.headers.set('Authorization', `Bearer ${token}`);
    if (request.url.includes('/auth/')) {
      for (const [name, value] of Object.entries(csrf())) request.headers.set(name, value);
    }
    return request;
  },
  async onResponse({ request, response }) {
    const expired = response.status === 401 && getToken() && !request.url.includes('/auth/');
    if (!expired || request.method !== 'GET') return undefined;
    const session = await refreshSession();
    if (!session) return undefined;
    const again = new Request(request);
    again.headers.set('Authorization', `Bearer ${session.access_token}`);
    return fetch(again);
  },
};

export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? '' : location.origin,
});
api.use(bearer);

/** The data of an answer, or its problem thrown. */
export async function must<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ApiError(response.status, (error ?? {}) as Partial<Problem>);
  return data as T;
}
