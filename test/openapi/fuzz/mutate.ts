import type { FuzzRequest } from './request.ts';
import { bytesOf } from './request.ts';

type Random = () => number;
type Mutation = (request: FuzzRequest, random: Random) => FuzzRequest;

const pick = <T>(random: Random, choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;

/** Texts that have broken parsers, databases and terminals. */
export const oddTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\u0001',
  '\ud800',
  'a\udfffb',
  '\u202eabc',
  '\ufeff',
  '👩‍👩‍👧‍👦',
  'é'.normalize('NFD'),
  '٣',
  'null',
  'undefined',
  '../../etc/passwd',
  "'; DROP TABLE events; --",
  '{{7*7}}',
  '%00',
  '\r\nx-injected: 1',
  'evt_',
  'evt_00000000-0000-0000-0000-000000000000',
  'evt_ffffffff-ffff-ffff-ffff-ffffffffffff',
  'evt_01a20d1a-f4bb-4000-9f3c-5b2d8e41c07a',
  'EVT_01A20D1A-F4BB-7000-9F3C-5B2D8E41C07A',
  '00000000-0000-0000-0000-000000000000',
  'x'.repeat(300),
  '\u00e9'.repeat(700),
];
const oddValues: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  1e9,
  -1e9,
  2 ** 53,
  1e308,
  '',
  'text',
  [],
  {},
  [null],
  { a: 1 },
  [[]],
  ...oddTexts,
];
const oddNames = [
  'delaySeconds',
  'limit',
  '',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'a.b',
  'payload ',
  'ключ',
  '$where',
  '\u0000',
];
const contentTypes = [
  'text/plain',
  'text/csv; header=present',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-16',
  'application/json;charset=utf-8',
  'application/jsonp',
  'APPLICATION/JSON',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'application/vnd.api+json',
  'nonsense',
  ';',
];

/** Changes one thing of a request; what the document says of the result is for the judge to say. */
export function mutate(request: FuzzRequest, random: Random): FuzzRequest {
  const possible: Mutation[] = [anotherHeader, unknownParameter];
  if (request.body) possible.push(changedJson, changedJson, changedJson, changedJson, brokenJson, otherContentType, removedBody);
  else possible.push(addedBody);
  if (request.query.length > 0) possible.push(changedParameter, changedParameter, repeatedParameter);
  if (request.operation.operation.parameters?.some((each: { in?: string }) => each.in === 'query'))
    possible.push(changedParameter, missingParameter);
  if (Object.keys(request.path).length > 0) possible.push(otherPath);
  return pick(random, possible)(request, random);
}

function changedJson(request: FuzzRequest, random: Random): FuzzRequest {
  if (!request.body || request.body.raw) return request;
  const times = random() < 0.7 ? 1 : 3;
  let { json } = request.body;
  for (let done = 0; done < times; done += 1) json = changed(json, random);
  return { ...request, body: { ...request.body, json } };
}

/** The value with one node changed: the root seldom, a leaf most likely. */
function changed(value: unknown, random: Random): unknown {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length > 0 && random() < 0.6) {
    const [name, inner] = pick(random, entries);
    return withMember(value as object, name, changed(inner, random));
  }
  if (Array.isArray(value)) return changedList(value, random);
  if (typeof value === 'object' && value !== null) return changedObject(value, entries, random);
  if (typeof value === 'number' && random() < 0.8)
    return pick(random, [value + 1, value - 1, -value, value + 0.5, value * 1e6, value + 1_000, String(value)]);
  if (typeof value === 'string' && random() < 0.3) return value + pick(random, oddTexts);
  return pick(random, oddValues);
}

function changedList(list: unknown[], random: Random): unknown {
  const choices: (() => unknown)[] = [
    () => [],
    () => [...list, ...list.slice(-1)],
    () => [...list, pick(random, oddValues)],
    () => list.slice(1),
    () => Array.from({ length: 501 }, (_, index) => (typeof list[0] === 'string' ? `${list[0]}${index}` : (list[0] ?? index))),
    () => ({ ...list }),
    () => pick(random, oddValues),
  ];
  return pick(random, choices)();
}

function changedObject(object: object, entries: [string, unknown][], random: Random): unknown {
  const choices: (() => unknown)[] = [
    () => withMember(object, pick(random, oddNames), pick(random, oddValues)),
    () => [object],
    () => pick(random, oddValues),
  ];
  if (entries.length > 0) {
    const [name] = pick(random, entries);
    const without = () => Object.fromEntries(entries.filter(([each]) => each !== name));
    choices.push(without, without, () => ({ ...without(), [name.toUpperCase()]: 1 }));
  }
  return pick(random, choices)();
}

/** A copy with the member set; `__proto__` becomes one like any other. */
function withMember(object: object, name: string, value: unknown): object {
  const copy = Array.isArray(object) ? [...object] : { ...object };
  Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function brokenJson(request: FuzzRequest, random: Random): FuzzRequest {
  if (!request.body) return request;
  const bytes = bytesOf(request.body);
  const text = bytes.toString();
  const choices: (() => string | Buffer)[] = [
    () => text.slice(0, -1),
    () => `${text},`,
    () => `${text}${text}`,
    () => `\ufeff${text}`,
    () => text.replace(/"/g, "'"),
    () => `{"a":NaN}`,
    () => `[1,]`,
    () => '['.repeat(pick(random, [65, 1_001, 50_000])),
    () => `{"a":${'['.repeat(100)}${']'.repeat(100)}}`,
    () => text.replace(/\d+/, '1e400'),
    () => text.replace(/\{/, '{"a":1,"a":2,'),
    () => Buffer.concat([bytes.subarray(0, -1), Buffer.from([0xff, 0xfe])]),
    () => Buffer.from(text, 'utf16le'),
    () => `"${'x'.repeat(pick(random, [70_000, 300_000]))}"`,
    () => text.replace(/"([^"]*)"(?!:)/, `"${'y'.repeat(70_000)}"`),
    () => ' ',
    () => '',
    () => text.replace(/"/, '"\\ud800'),
    () => text.replace(/"/, '"\\u0000'),
  ];
  const raw = pick(random, choices)();
  return { ...request, body: { ...request.body, raw: Buffer.from(raw) } };
}

function otherContentType(request: FuzzRequest, random: Random): FuzzRequest {
  return { ...request, body: request.body && { ...request.body, type: pick(random, [undefined, ...contentTypes]) } };
}

function removedBody(request: FuzzRequest): FuzzRequest {
  return { ...request, body: undefined };
}

function addedBody(request: FuzzRequest, random: Random): FuzzRequest {
  const type = pick(random, ['application/json', 'application/json', ...contentTypes]);
  return { ...request, body: random() < 0.5 ? { type, json: pick(random, oddValues) } : { type, raw: Buffer.from('{"a"') } };
}

function otherPath(request: FuzzRequest, random: Random): FuzzRequest {
  const name = pick(random, Object.keys(request.path));
  const old = request.path[name] as string;
  // Dots alone would be another path for some clients, and nothing at all is another path for all.
  const usable = oddTexts.filter((text) => text !== '');
  const value = pick(random, [
    pick(random, usable),
    `${old}x`,
    old.toUpperCase(),
    old.slice(0, -1) || 'x',
    `${old}/`,
    ` ${old}`,
    'z'.repeat(4_000),
  ]);
  return { ...request, path: { ...request.path, [name]: value } };
}

function changedParameter(request: FuzzRequest, random: Random): FuzzRequest {
  const all: { in?: string; name: string }[] = request.operation.operation.parameters ?? [];
  const names = all.filter((each) => each.in === 'query').map(({ name }) => name);
  if (names.length === 0) return request;
  const name = pick(random, names);
  const old = request.query.find(([each]) => each === name)?.[1];
  const texts = [
    ...oddTexts,
    '-1',
    '0',
    '501',
    '1.5',
    '1e3',
    '0x10',
    '+1',
    '01',
    '999999999999999999999',
    'TRUE',
    '1',
    'yes',
    '[]',
    '2026-13-45T99:99:99Z',
  ];
  const value = old !== undefined && random() < 0.2 ? `${old}${pick(random, oddTexts)}` : pick(random, texts);
  return { ...request, query: [...request.query.filter(([each]) => each !== name), [name, value]] };
}

function missingParameter(request: FuzzRequest, random: Random): FuzzRequest {
  return { ...request, query: request.query.filter(() => random() < 0.5) };
}

function repeatedParameter(request: FuzzRequest, random: Random): FuzzRequest {
  const [name, value] = pick(random, request.query);
  return { ...request, query: [...request.query, [name, random() < 0.5 ? value : pick(random, oddTexts)]] };
}

function unknownParameter(request: FuzzRequest, random: Random): FuzzRequest {
  const name = pick(random, [...oddNames, 'limit[]', 'limit[$gt]', 'filter.from', 'api_key', 'x'.repeat(300)]);
  return { ...request, query: [...request.query, [name, pick(random, oddTexts)]] };
}

function anotherHeader(request: FuzzRequest, random: Random): FuzzRequest {
  const headers: [string, string][] = [
    [
      'accept',
      pick(random, ['text/html', 'image/png', 'application/json', 'application/xml', '*/*', 'application/json;q=0', 'nonsense', ', ,']),
    ],
    [
      'x-request-id',
      pick(random, [
        '',
        'short',
        'a'.repeat(65),
        'well-formed-request-id',
        'a b c d e f g h',
        '\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9',
      ]),
    ],
    ['idempotency-key', pick(random, ['', '"', '""', '"a', 'a'.repeat(256), 'a'.repeat(255), '\u00e9', '"a\\"b"', 'K', 'K'])],
    ['traceparent', pick(random, ['', 'garbage', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'])],
    ['ce-specversion', pick(random, ['1.0', '0.3', '', '%zz'])],
    ['ce-type', pick(random, ['a.b', '', '%E9', '\u00e9'])],
    ['content-encoding', pick(random, ['gzip', 'br', 'identity', 'nonsense'])],
    ['expect', '100-continue'],
    ['authorization', pick(random, ['Basic YTpi', 'Bearer', 'Bearer x', 'Negotiate'])],
    ['x-forwarded-for', pick(random, ['127.0.0.1', '999.999.999.999', 'a, b, c'])],
    ['x-http-method-override', 'DELETE'],
    ['cookie', 'a=b'],
    ['range', 'bytes=0-1'],
    ['if-none-match', '*'],
    ['origin', 'https://elsewhere.example'],
    [`x-${'a'.repeat(100)}`, 'b'.repeat(2_000)],
  ];
  const [name, value] = pick(random, headers);
  return { ...request, headers: [...request.headers.filter(([each]) => each.toLowerCase() !== name), [name, value]] };
}
