import { createServer, request as send } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Test } from 'tap';
import { listen } from '../helper/listen.ts';

export type Relay = {
  url: string;
  /** Method and path of each request that came. */
  came: string[];
  /** The next answers of requests whose path ends so never arrive: the server has done its part, then the connection breaks. */
  loseAnswers(count: number, pathEnd: string): void;
  /** Requests whose path ends so break before they reach the server, until the next call; without an argument none. */
  refuse(pathEnd?: string): void;
};

/** Passes requests on to a server, whole, and answers back. */
export async function startRelay(t: Pick<Test, 'teardown'>, target: string): Promise<Relay> {
  const came: string[] = [];
  let lost = { count: 0, pathEnd: '' };
  let refused: string | undefined;
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?')[0] as string;
    came.push(`${request.method} ${path}`);
    const body = await buffer(request);
    if (refused !== undefined && path.endsWith(refused)) return request.socket.resetAndDestroy();
    const onward = send(target + request.url, { method: request.method, headers: request.headers }, async (answer) => {
      const text = await buffer(answer);
      if (lost.count > 0 && path.endsWith(lost.pathEnd)) {
        lost.count -= 1;
        return request.socket.resetAndDestroy();
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers).end(text);
    });
    onward.on('error', () => request.socket.destroy());
    request.socket.once('close', () => onward.destroy());
    onward.end(body);
  });
  const url = await listen(t, server);
  return {
    url,
    came,
    loseAnswers: (count, pathEnd) => {
      lost = { count, pathEnd };
    },
    refuse: (pathEnd) => {
      refused = pathEnd;
    },
  };
}
