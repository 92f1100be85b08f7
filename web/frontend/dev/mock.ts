/**
 * A stand-in for the platform, for work on the page alone: `MOCK=1 pnpm dev`.
 * It speaks the API's shapes with made-up data that moves. Never part of a build.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connect, Plugin } from 'vite';
import { WebSocket, WebSocketServer } from 'ws';
import { World } from './world.ts';

const CITY = new URL('../../../deploy/cities/london/', import.meta.url);

export function mock(): Plugin {
  const attach = (server: { middlewares: Connect.Server; httpServer: unknown }) => {
    const world = new World(readFileSync(new URL('areas.geojson', CITY), 'utf8'));
    const sockets = new WebSocketServer({ noServer: true });
    const http = server.httpServer as Server;
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.url !== '/ws') return;
      sockets.handleUpgrade(request, socket, head, (client) => serve(client, world));
    });
    server.middlewares.use((request, answer, next) => {
      const url = new URL(request.url ?? '/', 'http://mock');
      if (url.pathname.startsWith('/basemaps/')) return basemap(request, answer);
      const served = /^\/(api|config\.json|flower)/.test(url.pathname);
      if (!served) return next();
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
      request.on('end', () => {
        const { status, json } = world.answer(request.method ?? 'GET', url, body);
        answer.statusCode = status;
        answer.setHeader('content-type', 'application/json');
        answer.end(JSON.stringify(json));
      });
    });
  };
  return {
    name: 'citypulse-mock',
    configureServer: (server) => attach(server as never),
    configurePreviewServer: (server) => attach(server as never),
  };
}

function serve(client: WebSocket, world: World): void {
  const topics = new Set<string>();
  client.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { type: string; topics?: string[] };
    if (frame.type === 'hello' || frame.type === 'subscribe') {
      for (const topic of frame.topics ?? []) topics.add(topic);
    }
    if (frame.type === 'unsubscribe') for (const topic of frame.topics ?? []) topics.delete(topic);
    if (frame.type === 'hello') {
      client.send(JSON.stringify({ type: 'welcome', after: String(world.sequence) }));
    }
    if (frame.type === 'ping') client.send(JSON.stringify({ type: 'pong' }));
  });
  const stop = world.onEvent((event) => {
    if (topics.has(event.topic) && client.readyState === WebSocket.OPEN) {
      client.send(JSON.stringify({ type: 'event', ...event }));
    }
  });
  client.on('close', stop);
}

function basemap(request: IncomingMessage, answer: ServerResponse): void {
  const bytes = readFileSync(new URL('basemap.pmtiles', CITY));
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
  answer.setHeader('accept-ranges', 'bytes');
  if (!range) return void answer.end(bytes);
  const first = Number(range[1]);
  const last = Math.min(Number(range[2]), bytes.length - 1);
  answer.statusCode = 206;
  answer.setHeader('content-range', `bytes ${first}-${last}/${bytes.length}`);
  answer.end(bytes.subarray(first, last + 1));
}
