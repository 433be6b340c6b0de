import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './openapi.ts';
import type { Settings } from './options.ts';
import { type CallOptions, Transport } from './transport.ts';

export type Schemas = components['schemas'];
export type Api = Client<paths>;

/** The API's calls with their types, sent so that they are repeated when that helps, and fail with typed errors. */
export class Connection {
  /** For calls without options of their own. */
  readonly api: Api;
  readonly #transport: Transport;

  constructor(settings: Settings) {
    this.#transport = new Transport(settings);
    this.api = createClient<paths>({
      baseUrl: settings.baseUrl,
      headers: { 'X-API-Key': settings.apiKey, 'User-Agent': settings.userAgent, Accept: 'application/json' },
      fetch: (request) => this.#transport.send(request),
      querySerializer: { array: { style: 'form', explode: false } },
    });
  }

  /** To be given to a call of `api` beside its parameters. */
  with(options: CallOptions & { waitMs?: number; expect?: number } = {}): { fetch: (request: Request) => Promise<Response> } {
    return { fetch: (request) => this.#transport.send(request, options) };
  }
}

/**
 * The answer of a call of `api`, of the type that the document has for success: errors have been thrown, and what is left has been read whole.
 */
export async function answer<Data>(call: Promise<{ data?: Data; response: Response }>): Promise<Data> {
  return (await call).data as Data;
}
