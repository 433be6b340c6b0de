import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Test } from 'tap';
import { listen } from '../helper/listen.ts';

/** What came: a request with its whole body. */
export type Came = { method: string; path: string; headers: IncomingHttpHeaders; text: string; at: number };

/** What one request is answered: `break` ends the connection after the request has been read, `hang` never answers. */
export type Scripted = { status: number; headers?: Record<string, string>; body?: unknown } | 'break' | 'break in the body' | 'hang';

export type Double = { url: string; came: Came[]; next(...answers: Scripted[]): void };

/** A server that answers as it is told, in order, and the last for ever. */
export async function startDouble(t: Pick<Test, 'teardown'>, ...answers: Scripted[]): Promise<Double> {
  const came: Came[] = [];
  let script = answers;
  const server: Server = createServer(async (request, response) => {
    const text = (await buffer(request)).toString();
    came.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, text, at: performance.now() });
    give(response, script.length > 1 ? (script.shift() as Scripted) : script[0]);
  });
  const url = await listen(t, server);
  return {
    url,
    came,
    next: (...next) => {
      script = next;
    },
  };
}

function give(response: ServerResponse, answer: Scripted | undefined): void {
  if (answer === undefined || answer === 'hang') return;
  if (answer === 'break') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (answer === 'break in the body') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"event_id":', () => response.socket?.resetAndDestroy());
    return;
  }
  const { status, headers, body } = answer;
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers });
  response.end(text);
}

/** A problem document of the API. */
export function problem(status: number, code: string, headers?: Record<string, string>): Scripted {
  const body = { type: '/guide/errors', title: code, status, detail: `It is ${code}.`, code, request_id: `req_${code}` };
  return { status, body, ...(headers && { headers }) };
}

/** What a stored event is answered. */
export const stored: Scripted = {
  status: 200,
  body: {
    event_id: 'evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a',
    status: 'accepted',
    duplicate: false,
    received_at: '2026-11-24T10:30:00.123Z',
    expires_at: '2026-11-27T10:30:00.123Z',
  },
};
