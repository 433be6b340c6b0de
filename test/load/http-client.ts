import { connect, type Socket } from 'node:net';

/**
 * A lean HTTP/1.1 client for measuring: one keep-alive socket per connection, one request at a time on it (no pipelining), and no more parsing
 * than a measurement needs. Node's own client costs more per request than the route under test; this one about 5 µs beside the kernel's work on
 * the socket, so it can share a machine of two cores with what it measures.
 *
 * Invariants: at most one request is under way on a connection; a request ends exactly once, with an answer or an error; after an error the
 * connection is closed and the next request opens a new socket.
 */
export type HttpAnswer = {
  status: number;
  /** Header block as sent, without the final empty line. `headerOf` reads from it. */
  head: string;
  body: Buffer;
};

export class RequestError extends Error {
  override name = 'RequestError';
  /** `refused`: no connection; nothing was sent. `lost`: it ended before the answer was whole. `timeout`: no whole answer in time. */
  readonly kind: 'refused' | 'lost' | 'timeout' | 'malformed';
  constructor(kind: RequestError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The value of a response header, or undefined. `name` in lower case. */
export function headerOf(answer: HttpAnswer, name: string): string | undefined {
  for (const line of answer.head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon === name.length && line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}

/** The bytes of a request. Content-Length is added when there is a body; the body is text whose bytes are UTF-8. */
export function encodeRequest(method: string, path: string, headers: Record<string, string>, body?: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('')}${length}\r\n${body ?? ''}`);
}

type Pending = { resolve(answer: HttpAnswer): void; reject(error: RequestError): void };

export class HttpConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #timeoutMs: number;
  #socket: Socket | undefined;
  #connected = false;
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** Bytes of the whole answer, once its head has been read; 0 before. */
  #wantedBytes = 0;

  /** `timeoutMs` is from the request's first byte to the answer's last. */
  constructor(host: string, port: number, timeoutMs = 30_000) {
    this.#host = host;
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sends one request as made by `encodeRequest` and gives its answer.
   * @throws {RequestError} when there is no whole answer.
   */
  request(bytes: Buffer): Promise<HttpAnswer> {
    if (this.#pending) return Promise.reject(new RequestError('malformed', 'a request is under way on this connection'));
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#deadline();
      const socket = this.#socket ?? this.#open();
      socket.write(bytes);
    });
  }

  /** Closes the socket. A request under way fails with `lost`. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drop('lost', 'closed by the client');
  }

  /** One timer for the life of the connection, pushed ahead by every request: making one for each costs as much as sending it. */
  #deadline(): void {
    if (this.#timer) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      if (this.#pending) this.#drop('timeout', `no answer within ${this.#timeoutMs} ms`);
    }, this.#timeoutMs);
    this.#timer.unref();
  }

  #open(): Socket {
    this.#connected = false;
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#socket = socket;
    socket.once('connect', () => {
      this.#connected = true;
    });
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#take(chunk);
    });
    socket.on('error', (error) => {
      if (socket === this.#socket) this.#drop(this.#connected ? 'lost' : 'refused', error.message);
    });
    socket.on('close', () => {
      if (socket === this.#socket) this.#drop('lost', 'closed by the server before the answer was whole');
    });
    return socket;
  }

  #drop(kind: RequestError['kind'], message: string): void {
    const pending = this.#pending;
    const socket = this.#socket;
    this.#pending = undefined;
    this.#socket = undefined;
    this.#received = [];
    this.#receivedBytes = 0;
    this.#wantedBytes = 0;
    socket?.destroy();
    pending?.reject(new RequestError(kind, message));
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes < this.#wantedBytes) return;
    const bytes = this.#received.length === 1 ? chunk : Buffer.concat(this.#received, this.#receivedBytes);
    const parsed = parseAnswer(bytes);
    if (parsed === 'malformed') {
      this.#drop('malformed', 'the answer is not HTTP/1.1');
      return;
    }
    if (typeof parsed === 'number') {
      this.#wantedBytes = parsed;
      this.#received = [bytes];
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    this.#received = [];
    this.#receivedBytes = 0;
    this.#wantedBytes = 0;
    if (parsed.closes) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    pending?.resolve(parsed.answer);
  }
}

const endOfHead = Buffer.from('\r\n\r\n');

/** The whole answer; or the number of bytes to wait for (0: not known yet). */
export function parseAnswer(bytes: Buffer): { answer: HttpAnswer; closes: boolean } | number | 'malformed' {
  const headEnd = bytes.indexOf(endOfHead);
  if (headEnd < 0) return bytes.length > 65_536 ? 'malformed' : 0;
  const head = bytes.toString('latin1', 0, headEnd);
  if (!head.startsWith('HTTP/1.1 ')) return 'malformed';
  const status = Number(head.slice(9, 12));
  const bodyStart = headEnd + 4;
  const closes = /\r\nconnection: *close/i.test(head);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length) {
    const end = bodyStart + Number(length[1]);
    if (bytes.length < end) return end;
    return bytes.length > end ? 'malformed' : { answer: { status, head, body: bytes.subarray(bodyStart, end) }, closes };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const body = parseChunks(bytes, bodyStart);
    return typeof body === 'object' ? { answer: { status, head, body }, closes } : body;
  }
  // Neither: an answer without a body (204, 304).
  return { answer: { status, head, body: bytes.subarray(bodyStart, bodyStart) }, closes };
}

function parseChunks(bytes: Buffer, start: number): Buffer | number | 'malformed' {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return 0;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) return 'malformed';
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return next;
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
