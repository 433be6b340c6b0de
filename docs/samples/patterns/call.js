// What the patterns beside this file share: one request that survives a bad network. Node.js 20 or newer, no packages.

const apiUrl = (process.env.API_URL ?? '').replace(/\/+$/, '');
const apiKey = process.env.API_KEY ?? '';

export const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** An answer that sending the same again does not mend; `status` is that of HTTP. */
export class Refused extends Error {
  constructor(status, text) {
    super(status ? `${status} ${text}` : text);
    this.status = status;
  }
}

/**
 * Gives the answer's JSON. A lost connection, 408, 429 and 5xx are tried again, later each time; the last failure is a Refused.
 * `attempts: Infinity` is for programs that wait out any trouble.
 */
export async function call(method, path, body, { attempts = 8 } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    let status = 0;
    let text;
    let leastSeconds = 0;
    try {
      const response = await fetch(apiUrl + path, {
        method,
        redirect: 'manual', // it would carry the key to wherever it leads: refused like 404
        signal: AbortSignal.timeout(40_000),
        headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json' },
        body: body && JSON.stringify(body),
      });
      text = await response.text();
      if (response.ok) return parse(response.status, text);
      status = response.status;
      leastSeconds = Number(response.headers.get('retry-after')) || 0;
    } catch (error) {
      if (error instanceof Refused) throw error;
      text = `no answer from ${apiUrl}: ${error.cause?.message || error.cause?.code || error.message}`;
    }
    if ((status >= 300 && status < 500 && status !== 408 && status !== 429) || attempt === attempts) throw new Refused(status, text);
    console.error(`attempt ${attempt}: ${status} ${text}`);
    // Retry-After is the least wait. The random part keeps many clients from coming back all at once.
    await sleep(leastSeconds + Math.random() * Math.min(30, 0.25 * 2 ** (attempt - 1)));
  }
}

function parse(status, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(status, `no answer of the Triggers API: ${text.slice(0, 200)}`);
  }
}

/** Runs it, and sets how the process ends: 0 done, 1 failed, 2 the environment is incomplete. */
export async function run(program) {
  if (!apiUrl || !apiKey) {
    console.error('Set API_URL and API_KEY.');
    process.exitCode = 2;
    return;
  }
  try {
    process.exitCode = (await program()) ?? 0;
  } catch (error) {
    console.error(error instanceof Refused ? error.message : error);
    process.exitCode = 1;
  }
}
