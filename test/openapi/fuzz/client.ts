import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Answer } from '../../helper/app.ts';
import type { WireRequest } from './request.ts';

/**
 * Sends requests as they are over connections that are kept: paths, headers and bodies that `fetch` would refuse or repair, too.
 * @returns the answer, or why there was none.
 */
export class Client {
  readonly #agent: Agent;
  readonly #origin: URL;

  readonly #hangingMs: number;

  /** @param hangingMs without an answer for so long, a connection was left hanging. */
  constructor(url: string, connections: number, hangingMs: number) {
    this.#origin = new URL(url);
    this.#hangingMs = hangingMs;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  async send({ method, target, headers, body }: WireRequest, key?: string): Promise<Answer | { failure: string }> {
    const all = [...headers, ...(key === undefined ? [] : [['x-api-key', key] as [string, string]])];
    // Node would send a PATCH without a body in chunks, of which there are none.
    if (body || !['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'].includes(method)) all.push(['content-length', String(body?.length ?? 0)]);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = httpRequest(
      {
        agent: this.#agent,
        host: this.#origin.hostname,
        port: this.#origin.port,
        method,
        path: target,
        headers: [['host', this.#origin.host], ...all].flat(),
        signal: AbortSignal.timeout(this.#hangingMs),
      },
      (response) => void read(response).then(resolve, reject),
    );
    // An answer may come before the whole body was sent; what the connection does after it is no failure.
    sent.on('error', reject);
    sent.end(body);
    return promise.catch((error: Error) => ({
      failure: error.name === 'AbortError' ? `none within ${this.#hangingMs} ms` : error.message,
    }));
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function read(response: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) for (const each of [value ?? []].flat()) headers.append(name, each);
  const text = Buffer.concat(pieces).toString();
  return { status: response.statusCode as number, headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
