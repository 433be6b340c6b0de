import { connect } from 'node:net';

export type RawAnswer = { status: number; headers: Map<string, string>; text: string };

/**
 * Writes bytes to a server as they are, for requests that no client library would send, and reads what comes until the server closes.
 * The request should say `Connection: close`.
 */
export function exchange(url: string, ...pieces: (string | Uint8Array)[]): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', (piece) => received.push(piece));
    // A server that has answered may reset the connection on what it did not read.
    socket.on('error', (error) => (received.length > 0 ? resolve(parse(received)) : reject(error)));
    socket.on('close', () => resolve(parse(received)));
  });
}

/** The head of a POST with a body of `length` bytes, and whatever headers more. */
export function postHead(path: string, key: string, length: number, ...headers: string[]): string {
  const common = [`POST ${path} HTTP/1.1`, 'Host: test', 'Connection: close', `X-API-Key: ${key}`, `Content-Length: ${length}`];
  return `${[...common, ...headers].join('\r\n')}\r\n\r\n`;
}

function parse(received: Buffer[]): RawAnswer {
  const answer = Buffer.concat(received).toString('utf8');
  const end = answer.indexOf('\r\n\r\n');
  const [first = '', ...lines] = answer.slice(0, end).split('\r\n');
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  return { status: Number(first.split(' ')[1]), headers, text: answer.slice(end + 4) };
}
