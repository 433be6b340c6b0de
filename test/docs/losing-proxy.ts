import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Test } from 'tap';
import { listen } from '../helper/listen.ts';

/**
 * The API behind a bad network, over HTTP on 127.0.0.1: the first request is turned away with 503 and `Retry-After: 1`, and after that the first answer to
 * each kind of request is lost, when its work is done.
 * @returns its address, and the requests in their order.
 */
export async function startLosingProxy(t: Pick<Test, 'teardown'>, target: string): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', target);
    const kind = `${request.method} ${pathname.replace(/evt_[^/]+/, '{id}')}`;
    const first = !requests.includes(kind);
    requests.push(kind);
    const body = await buffer(request);
    if (requests.length === 1) {
      requests[0] = 'turned away';
      response.writeHead(503, { 'retry-after': '1' }).end();
      return;
    }
    const { host, connection, 'content-length': _length, ...headers } = request.headers as Record<string, string>;
    const answer = await fetch(target + request.url, {
      method: request.method,
      headers,
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    });
    const text = await answer.text();
    if (first) request.socket.destroy();
    else response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text);
  });
  return { url: await listen(t, server), requests };
}
