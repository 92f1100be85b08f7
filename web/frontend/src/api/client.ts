import createClient, { type Middleware } from 'openapi-fetch';
import { signedInAgain } from './again';
import { ApiError, unreachable } from './problem';
import { csrf, lastingToken, refreshSession } from './refresh';
import type { paths } from './schema';
import { getToken } from './token';
import type { Problem } from './types';

/** Copies of requests whose body can be read only once, in case they must be sent again. */
const spares = new WeakMap<Request, Request>();

export const bearer: Middleware = {
  async onRequest({ request }) {
    const own = request.url.includes('/auth/log');
    const token = request.method === 'GET' || own ? getToken() : await lastingToken();
    if (token) request.headers.set('Authorization', `Bearer ${token}`);
    if (request.url.includes('/auth/')) {
      for (const [name, value] of Object.entries(csrf())) request.headers.set(name, value);
    }
    if (token && !own) spares.set(request, request.clone());
    return request;
  },
  /** What was refused for its token, or for its age, had no effect: the call is made again. */
  async onResponse({ request, response }) {
    const spare = spares.get(request);
    if (!spare) return undefined;
    const isRenewed =
      response.status === 401
        ? (await refreshSession().catch(() => null)) !== null
        : await signedInAgain(response);
    if (!isRenewed) return undefined;
    spare.headers.set('Authorization', `Bearer ${getToken()}`);
    return fetch(spare);
  },
};

export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? '' : location.origin,
  fetch: (request) => fetch(request),
});
api.use(bearer);

/** The data of an answer, or its problem thrown. */
export async function must<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call.catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw new ApiError(response.status, (error ?? {}) as Partial<Problem>);
  return data as T;
}
