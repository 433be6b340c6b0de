import { AsyncResource } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import type pg from 'pg';

/** A request as its trace knows it. What is in it is the business of whoever implements the tracing. */
export type Trace = {
  /** 32 hexadecimal digits; for the log of every request, sampled or not. */
  readonly traceId: string;
  /** Whether it is recorded. */
  readonly sampled: boolean;
};

/** How a request ended, as its span says. */
export type TraceEnd = { method: string; operation: string; status: number; partner: string | undefined };

/**
 * What the service needs of a tracing library. `src/telemetry.ts` implements it and is loaded before the service, or not at all: then there is none, and nothing
 * of it is loaded or called.
 */
export type Tracing = {
  /** A request has arrived, perhaps with the trace of its caller in the headers. */
  begin(headers: IncomingHttpHeaders): Trace;
  /** The part of the request that was under way has ended, and this one begins. */
  stage(trace: Trace, name: string): void;
  end(trace: Trace, how: TraceEnd): void;
  /** Runs something, and all that it causes, in the name of a request; `current` says so there. */
  within(trace: Trace, run: () => void): void;
  /** In whose name this runs; undefined also where that is not recorded. */
  current(): Trace | undefined;
  /** A commit for several requests: in the name of none of them, linked with all that are recorded. */
  batch<Result>(queue: string, rows: number, requests: Iterable<Trace | undefined>, run: () => Promise<Result>): Promise<Result>;
  /** A statement begins; call what is returned at its end. Undefined where nothing is recorded. */
  statement(name: string): ((error?: unknown) => void) | undefined;
  /** Sends what has not been sent. */
  close(): Promise<void>;
};

let installed: Tracing | undefined;

/** To be called before the service is built, and never after. */
export function installTracing(tracing: Tracing | undefined): void {
  installed = tracing;
}

export function installedTracing(): Tracing | undefined {
  return installed;
}

type Query = { name?: string; text?: string } | string;
type Callback = (...results: unknown[]) => void;

/** Tells the tracing of every statement of the pool's connections: what it is called, or its first word; never its text or its values. */
export function traceStatements(pool: pg.Pool, tracing: Tracing): void {
  const connect = pool.connect.bind(pool) as (callback?: Callback) => unknown;
  // The pool calls back in the name of whoever gave the connection back.
  Object.assign(pool, { connect: (callback?: Callback) => connect(callback && AsyncResource.bind(callback)) });
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    Object.assign(client, {
      query(...parameters: unknown[]) {
        const end = tracing.statement(nameOf(parameters[0] as Query));
        if (end === undefined) return query(...parameters);
        const last = parameters.length - 1;
        const holder = parameters[0] as { callback?: Callback };
        if (typeof parameters[last] === 'function') parameters[last] = told(parameters[last] as Callback, end);
        // A query object, as COPY's, has its callback as a member.
        else if (typeof holder === 'object' && typeof holder.callback === 'function') holder.callback = told(holder.callback, end);
        const result = query(...parameters);
        if (result instanceof Promise) result.then(() => end(), end);
        return result;
      },
    });
  });
}

function told(callback: Callback, end: (error?: unknown) => void): Callback {
  return (...results) => {
    end(results[0] ?? undefined);
    callback(...results);
  };
}

function nameOf(query: Query): string {
  if (typeof query === 'object' && query.name !== undefined) return query.name;
  const text = typeof query === 'string' ? query : query.text;
  return /^\s*(\w+)/.exec(text ?? 'copy')?.[1]?.toLowerCase() ?? 'statement';
}
