import { bytesOf, type FuzzRequest } from './request.ts';

/** Requests that a reduction may cost. */
const maxAttempts = 80;

/**
 * Takes away from a request whatever it fails without: parameters, headers, members of the body, then the length of texts.
 * @param fails whether a request still shows the problem; it is sent for that, so the server's state may change meanwhile.
 * @returns the smallest request that was found to fail, or the one given.
 */
export async function reduce(request: FuzzRequest, fails: (request: FuzzRequest) => Promise<boolean>): Promise<FuzzRequest> {
  let smallest = request;
  let attempts = 0;
  for (let progress = true; progress && attempts < maxAttempts; ) {
    progress = false;
    for (const candidate of smaller(smallest)) {
      attempts += 1;
      if (attempts > maxAttempts) break;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      progress = true;
      break;
    }
  }
  return smallest;
}

/** Requests that have a little less, the greatest steps first. */
function* smaller(request: FuzzRequest): Generator<FuzzRequest> {
  const { query, headers, body } = request;
  if (body) yield { ...request, body: undefined };
  if (query.length > 1) yield { ...request, query: [] };
  if (headers.length > 1) yield { ...request, headers: [] };
  for (let index = 0; index < query.length; index += 1) yield { ...request, query: query.toSpliced(index, 1) };
  for (let index = 0; index < headers.length; index += 1) yield { ...request, headers: headers.toSpliced(index, 1) };
  if (!body) return;
  if (body.raw) {
    const bytes = bytesOf(body);
    if (bytes.length > 1) yield { ...request, body: { ...body, raw: bytes.subarray(0, bytes.length >> 1) } };
    if (bytes.length > 1) yield { ...request, body: { ...body, raw: bytes.subarray(bytes.length >> 1) } };
  } else for (const json of smallerJson(body.json)) yield { ...request, body: { ...body, json } };
}

function* smallerJson(value: unknown): Generator<unknown> {
  if (typeof value === 'string') {
    if (value.length > 1) yield value.slice(0, value.length >> 1);
    if (value.length > 1) yield value.slice(value.length >> 1);
  } else if (Array.isArray(value)) {
    if (value.length > 2) yield value.slice(0, value.length >> 1);
    if (value.length > 2) yield value.slice(value.length >> 1);
    for (let index = 0; index < Math.min(value.length, 20); index += 1) yield value.toSpliced(index, 1);
    for (let index = 0; index < Math.min(value.length, 20); index += 1)
      for (const inner of smallerJson(value[index])) yield value.toSpliced(index, 1, inner);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    for (const [name] of entries) yield Object.fromEntries(entries.filter(([each]) => each !== name));
    for (const [name, each] of entries)
      for (const inner of smallerJson(each))
        yield Object.fromEntries(entries.map(([other, kept]) => [other, other === name ? inner : kept]));
  }
}
