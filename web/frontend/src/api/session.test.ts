import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onSignInAgain } from './again';
import { api } from './client';
import { lastingToken, refreshSession } from './refresh';
import { getToken, secondsLeft, setToken } from './token';

const SESSION = { access_token: 'new', expires_in: 900, user: { email: 'a@example.org' } };
const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json' },
  });

let asked: string[] = [];
let answers: Record<string, () => Response | Promise<Response>> = {};

beforeEach(() => {
  asked = [];
  answers = { refresh: () => json(200, SESSION) };
  vi.stubGlobal('fetch', async (what: Request | string) => {
    const request = typeof what === 'string' ? new Request(`http://test${what}`) : what;
    const name = new URL(request.url).pathname.split('/').at(-1) ?? '';
    asked.push(`${name} ${request.headers.get('Authorization') ?? '-'}`);
    return (await answers[name]?.()) ?? json(404, {});
  });
  setToken('old', 900);
});
afterEach(() => {
  vi.unstubAllGlobals();
  document.cookie = 'csrf_refresh_token=; max-age=0';
});

it('several callers at once share one use of the refresh token', async () => {
  await Promise.all([refreshSession(), refreshSession(), refreshSession()]);

  expect(asked).toEqual(['refresh -']);
  expect(getToken()).toBe('new');
});

it('tabs take turns: the next trades only after the one before has its answer', async () => {
  const order: string[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const request = (_name: string, work: () => Promise<unknown>) => {
    last = last.then(() => work());
    return last;
  };
  vi.stubGlobal('navigator', { locks: { request } });
  answers.refresh = () => {
    order.push('this tab');
    return json(200, SESSION);
  };
  const other = request('', () => Promise.resolve(order.push('the other tab')));
  await Promise.all([other, refreshSession()]);

  expect(order).toEqual(['the other tab', 'this tab']);
});

it('a reload in the midst of a trade waits for its outcome, and uses the next token', async () => {
  document.cookie = 'csrf_refresh_token=first';
  localStorage.setItem('citypulse.trading', 'first');
  const session = refreshSession();
  let sent: string | null | undefined;
  answers.refresh = () => {
    sent = localStorage.getItem('citypulse.trading');
    return json(200, SESSION);
  };
  expect(asked).toEqual([]);
  document.cookie = 'csrf_refresh_token=second';
  await session;

  expect(sent).toBe('second');
  expect(localStorage.getItem('citypulse.trading')).toBeNull();
});

it('a server that cannot be asked signs nobody out', async () => {
  answers.refresh = () => Promise.reject(new TypeError('offline'));
  await expect(refreshSession()).rejects.toThrow('offline');
  answers.refresh = () => json(503, {});
  await expect(refreshSession()).rejects.toThrow('503');

  expect(getToken()).toBe('old');
});

it('a refused refresh does', async () => {
  answers.refresh = () => json(401, {});

  expect(await refreshSession()).toBeNull();
  expect(getToken()).toBeNull();
});

it('a token is traded before its end, not before each call', async () => {
  expect(await lastingToken()).toBe('old');
  setToken('old', 59);
  expect(await lastingToken()).toBe('new');
  expect(secondsLeft(Date.now())).toBeGreaterThan(890);
});

it('what a person sends is sent with a token that lasts', async () => {
  answers.me = () => json(200, {});
  setToken('old', 10);
  await api.PATCH('/api/v1/auth/me', { body: { name: 'Ada' } });

  expect(asked).toEqual(['refresh -', 'me Bearer new']);
});

it('what was refused for its token is sent again, whole', async () => {
  const bodies: string[] = [];
  vi.stubGlobal('fetch', async (what: Request | string) => {
    if (typeof what === 'string') return json(200, SESSION);
    bodies.push(await what.text());
    return what.headers.get('Authorization') === 'Bearer new' ? json(200, {}) : json(401, {});
  });
  const { response } = await api.PATCH('/api/v1/auth/me', { body: { name: 'Ada' } });

  expect(response.status).toBe(200);
  expect(bodies).toEqual(['{"name":"Ada"}', '{"name":"Ada"}']);
});

describe('a refusal that asks for a sign-in of just now', () => {
  const type = 'urn:citypulse:problem:sign-in-again';
  const endOthers = () => api.DELETE('/api/v1/auth/sessions');
  let isProven = false;
  beforeEach(() => {
    isProven = false;
    answers.sessions = () => (isProven ? json(200, {}) : json(403, { type }));
  });

  it('asks once for all that were refused, and then does what was asked', async () => {
    const questions = vi.fn(() => {
      isProven = true;
      setToken('fresh', 900);
      return Promise.resolve(true);
    });
    const stop = onSignInAgain(questions);
    const done = await Promise.all([endOthers(), endOthers()]);
    stop();

    expect(done.map(({ response }) => response.status)).toEqual([200, 200]);
    expect(questions).toHaveBeenCalledOnce();
    expect(asked.filter((one) => one.endsWith('fresh'))).toHaveLength(2);
  });

  it('stands when the question is left, or nobody is there to ask it', async () => {
    const stop = onSignInAgain(() => Promise.resolve(false));
    expect((await endOthers()).response.status).toBe(403);
    stop();
    expect((await endOthers()).response.status).toBe(403);

    expect(asked).toEqual(['sessions Bearer old', 'sessions Bearer old']);
  });

  it('is told from every other refusal', async () => {
    answers.sessions = () => json(403, { type: 'about:blank' });
    const questions = vi.fn(() => Promise.resolve(true));
    const stop = onSignInAgain(questions);
    await endOthers();
    stop();

    expect(questions).not.toHaveBeenCalled();
  });
});
