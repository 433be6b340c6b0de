import type { Operation } from '../contract.ts';

/** With which key a request comes: the partner's own, one of a partner's that lacks the operation's scope, one that is none, or none at all. */
export type Credential = 'own' | 'scopeless' | 'garbage' | 'none';

/** A body: JSON as a value, which a reduction can take apart, or `raw` bytes. Without `type` it is sent without a content type. */
export type FuzzBody = { type: string | undefined; json?: unknown; raw?: Buffer };

/** A request of one operation, in parts. Names and values of the path and the query are not yet encoded. */
export type FuzzRequest = {
  operation: Operation;
  path: Record<string, string>;
  query: [name: string, value: string][];
  headers: [name: string, value: string][];
  body: FuzzBody | undefined;
  credential: Credential;
};

/** What goes over the wire, but for the key. */
export type WireRequest = { method: string; target: string; headers: [name: string, value: string][]; body: Buffer | undefined };

export function bytesOf({ raw, json }: FuzzBody): Buffer {
  return raw ?? Buffer.from(JSON.stringify(json));
}

export function toWire({ operation, path, query, headers, body }: FuzzRequest): WireRequest {
  const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  const type: [string, string][] = body?.type === undefined ? [] : [['content-type', body.type]];
  return {
    method: operation.method,
    target: operation.path.replace(/\{(\w+)\}/g, (_, name) => encode(path[name] as string)) + (search && `?${search}`),
    headers: [...headers, ...type],
    body: body && bytesOf(body),
  };
}

/** What half a surrogate pair would be cannot be sent: it is replaced. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** The request as text for a person, without its key. */
export function describe(request: FuzzRequest): string {
  const { method, target, headers, body } = toWire(request);
  const lines = [
    `${method} ${shorten(target, 600)}`,
    `(key: ${request.credential})`,
    ...headers.map(([name, value]) => `${name}: ${printable(value)}`),
  ];
  if (body) lines.push('', shorten(isText(body) ? body.toString() : `base64 ${body.toString('base64')}`));
  return lines.join('\n');
}

export function shorten(text: string, length = 2_000): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`;
}

function printable(text: string): string {
  return shorten(JSON.stringify(text).slice(1, -1), 400);
}

function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString()).equals(bytes);
}
