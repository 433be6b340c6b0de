import { createServer } from 'node:http';
import type { Test } from 'tap';
import { listen } from '../helper/listen.ts';

/**
 * What is not the API, over HTTP on 127.0.0.1: under /redirect it sends everybody to /led-here, under /page it answers 200 with a page, as the log-in of a
 * guests' network does. @returns its address, and the first part of each request's path.
 */
export async function startElsewhere(t: Pick<Test, 'teardown'>): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const kind = (request.url ?? '').split('/')[1] ?? '';
    requests.push(kind);
    if (kind === 'redirect') response.writeHead(307, { location: '/led-here' }).end();
    else response.writeHead(200, { 'content-type': 'text/html' }).end("<p>Log in to the guests' network</p>");
  });
  return { url: await listen(t, server), requests };
}
