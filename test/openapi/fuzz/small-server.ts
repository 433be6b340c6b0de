import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Fault } from './small-document.ts';

type Answer = { status: number; body: Record<string, unknown>; headers?: Record<string, string> };

const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer => ({
  status,
  body: { code, status },
  headers,
});

/**
 * A server that does what `smallDocument` says, in memory, but for one fault: for seeing that the fuzz finds it.
 * Keys are `<partner>:<scope>,<scope>`.
 */
export function smallServer(fault: Fault | undefined): Server {
  const things = new Map<string, { owner: string; name: string }>();
  const deleted = new Set<string>();
  let answers = 0;

  return createServer((request, response) => {
    void collect(request).then((body) => {
      answers += 1;
      const id = `request-${answers}`;
      const answer = fault === 'a hanging connection' && request.method === 'POST' && answers > 20 ? undefined : respond(request, body);
      if (answer) send(response, answer, id);
    });
  });

  function respond(request: IncomingMessage, body: Buffer): Answer {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    const single = /^\/v1\/things\/([^/]+)$/.exec(path);
    const methods = single ? ['GET', 'DELETE'] : path === '/v1/things' ? ['POST'] : [];
    if (methods.length === 0) return problem(404, 'route_not_found');
    if (!methods.includes(request.method ?? '')) {
      if (fault === '404 for a wrong method') return problem(404, 'route_not_found');
      return problem(405, 'method_not_allowed', { allow: fault === 'an incomplete Allow' ? (methods[0] as string) : methods.join(', ') });
    }
    const refused = refuse(request);
    if (refused) return refused;
    const owner = `${request.headers['x-api-key'] ?? ''}`.split(':')[0] as string;
    return single ? one(request.method as string, owner, decodeURIComponent(single[1] as string)) : post(request, owner, body);
  }

  function refuse({ headers }: IncomingMessage): Answer | undefined {
    const key = headers['x-api-key'] as string | undefined;
    const challenge = { 'www-authenticate': 'ApiKey' };
    if (key === undefined || headers.authorization !== undefined)
      return fault === 'an ignored missing key' ? undefined : problem(401, 'unauthenticated', challenge);
    if (!/^p\d+:/.test(key)) return fault === 'an ignored wrong key' ? undefined : problem(401, 'unauthenticated', challenge);
    if (!key.includes('things') && fault !== 'an ignored scope') return problem(403, 'forbidden');
    return headers.accept === undefined || /json|\*/.test(headers.accept) ? undefined : problem(406, 'not_acceptable');
  }

  function one(method: string, owner: string, id: string): Answer {
    const thing = things.get(id);
    if (!thing) return problem(404, deleted.has(id) && fault === 'another problem after deletion' ? 'gone' : 'thing_not_found');
    if (thing.owner !== owner) return fault === 'a stranger told' ? problem(404, 'not_yours') : problem(404, 'thing_not_found');
    if (method === 'GET') return { status: 200, body: { thing_id: id, name: thing.name } };
    if (fault !== 'use after free') things.delete(id);
    deleted.add(id);
    return { status: 200, body: { thing_id: id, name: thing.name } };
  }

  function post({ headers }: IncomingMessage, owner: string, bytes: Buffer): Answer {
    if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/json') return problem(415, 'unsupported_media_type');
    let body: { name?: unknown; count?: unknown };
    try {
      body = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      return problem(400, 'invalid_json');
    }
    const { name, count, ...others } = body ?? {};
    const extra = typeof body === 'object' && Object.keys(others).length > 0;
    if (extra && fault === 'an extra member accepted') return accept(owner, 'extra');
    const named = typeof name === 'string' && name !== '' && [...name].length <= 40;
    if (!named || Array.isArray(body) || extra) return problem(400, 'validation_failed');
    if (
      count !== undefined &&
      !(Number.isInteger(count) && (count as number) >= 1 && ((count as number) <= 9 || fault === 'a bound not kept'))
    )
      return problem(400, 'validation_failed');
    if (count === 9 && fault === 'a valid value refused') return problem(400, 'validation_failed');
    if (/[^\x20-\x7e]/.test(name) && fault === 'a server error') return problem(500, 'internal');
    if (/[^\x20-\x7e]/.test(name) && fault === 'a stack told')
      return { status: 400, body: { code: 'validation_failed', status: 400, detail: '\n    at f (a.js:1:2)' } };
    return accept(owner, name);
  }

  function accept(owner: string, name: string): Answer {
    const id = randomUUID();
    things.set(id, { owner, name });
    const body = { thing_id: id, name, ...(fault === 'an undocumented member' && { more: 1 }) };
    if (fault === 'a wrong body') return { status: 200, body: { ...body, name: 7 } };
    return { status: fault === 'an undocumented status' ? 201 : 200, body };
  }

  function send(response: ServerResponse, { status, body, headers = {} }: Answer, id: string): void {
    const isProblem = status >= 400;
    const wrong = fault === 'a wrong status in a problem' && status === 400;
    const text = JSON.stringify(isProblem ? { ...body, status: wrong ? 422 : status, request_id: id } : body);
    const type =
      fault === 'a wrong content type' && status === 404 ? 'text/plain' : isProblem ? 'application/problem+json' : 'application/json';
    response.writeHead(status, {
      ...headers,
      'content-type': type,
      'content-length': Buffer.byteLength(text),
      ...(!(fault === 'a missing header' && status === 404) && { 'x-request-id': id }),
      ...(status < 300 && { 'x-count': fault === 'a wrong header' ? '-1' : '1' }),
      ...(fault === 'an undocumented header' && status === 200 && { 'x-debug': 'yes' }),
    });
    response.end(text);
  }
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
