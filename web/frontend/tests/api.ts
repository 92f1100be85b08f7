import { vi } from 'vitest';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

type Reply = (asked: Asked) => unknown;

/** Stands for the server: answers by `METHOD /path` below /api/v1, and keeps what it was asked. */
export function answering(replies: Record<string, Reply>): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const url = new URL(request.url);
    const text = await request.clone().text();
    const asked = {
      method: request.method,
      path: url.pathname.replace('/api/v1', ''),
      query: url.searchParams,
      body: text ? (JSON.parse(text) as unknown) : null,
    };
    all.push(asked);
    const reply = replies[`${asked.method} ${asked.path}`]?.(asked);
    if (reply instanceof Response) return reply;
    return Response.json(reply ?? { title: 'Not here', status: 404 }, {
      status: reply ? 200 : 404,
    });
  });
  return all;
}

export function refusal(status: number, detail: string): Response {
  return Response.json({ status, title: detail, detail }, { status });
}
