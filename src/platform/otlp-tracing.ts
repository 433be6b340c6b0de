import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type Context,
  type HrTime,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace as traceApi,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK, tracing as sdk } from '@opentelemetry/sdk-node';
import type { Trace, TraceEnd, Tracing } from './tracing.ts';

/**
 * Starts OpenTelemetry's SDK with an OTLP/HTTP exporter and nothing else: no metrics, no logs, no automatic instrumentation, which would wrap every call of every
 * request for the sake of the one in a hundred that is recorded.
 * `share` of the traces, from 0 to 1, is recorded when the caller has not decided.
 */
export function startTracing({ serviceName, share }: { serviceName: string; share: number }): Tracing {
  const node = new NodeSDK({
    serviceName,
    traceExporter: new OTLPTraceExporter(),
    sampler: new LinkedSampler(new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(share) })),
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  });
  node.start();
  return new OtlpTracing(traceApi.getTracer('triggers-api'), () => node.shutdown());
}

/** A batch has no parent, but is recorded when a request that it carries is. */
class LinkedSampler implements sdk.Sampler {
  readonly #others: sdk.Sampler;

  constructor(others: sdk.Sampler) {
    this.#others = others;
  }

  shouldSample(...parameters: Parameters<sdk.Sampler['shouldSample']>): sdk.SamplingResult {
    const links = parameters[5];
    if (links?.some(({ context }) => (context.traceFlags & TraceFlags.SAMPLED) !== 0))
      return { decision: sdk.SamplingDecision.RECORD_AND_SAMPLED };
    return this.#others.shouldSample(...parameters);
  }

  toString(): string {
    return `LinkedSampler{${this.#others}}`;
  }
}

/** Milliseconds that the last spans have to leave. */
const closeMs = 2_000;

/** Milliseconds after which the clock that counts microseconds is set again by the one that tells the time: over days they drift apart. */
const anchorMs = 60_000;
let anchor = { at: Number.NEGATIVE_INFINITY, offset: 0 };

/** Now, to the microsecond and by one clock for all spans: each of the library's own counts from its start, which is a whole millisecond. */
function now(): HrTime {
  const elapsed = performance.now();
  if (elapsed - anchor.at > anchorMs) anchor = { at: elapsed, offset: Date.now() - elapsed };
  const microseconds = Math.floor((anchor.offset + elapsed) * 1_000);
  const seconds = Math.floor(microseconds / 1_000_000);
  return [seconds, (microseconds - seconds * 1_000_000) * 1_000];
}

/** A span of its own, and the part of it that is under way. */
class Recorded implements Trace {
  readonly span: Span;
  readonly traceId: string;
  readonly sampled: boolean;
  readonly context: Context;
  stage: Span | undefined;

  constructor(span: Span) {
    this.span = span;
    const { traceId, traceFlags } = span.spanContext();
    this.traceId = traceId;
    this.sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    this.context = traceApi.setSpan(ROOT_CONTEXT, span);
  }

  /** The context in which what is caused now begins. */
  get inner(): Context {
    return this.stage ? traceApi.setSpan(this.context, this.stage) : this.context;
  }
}

class OtlpTracing implements Tracing {
  readonly #tracer: Tracer;
  readonly #current = new AsyncLocalStorage<Recorded | undefined>();
  readonly close: () => Promise<void>;

  constructor(tracer: Tracer, close: () => Promise<void>) {
    this.#tracer = tracer;
    // A collector that is away does not keep the service from closing.
    this.close = () => Promise.race([close().catch(() => {}), new Promise<void>((resolve) => setTimeout(resolve, closeMs).unref())]);
  }

  begin(headers: IncomingHttpHeaders): Trace {
    const parent = headers.traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers);
    return new Recorded(this.#tracer.startSpan('request', { kind: SpanKind.SERVER, startTime: now() }, parent));
  }

  stage(trace: Trace, name: string): void {
    const recorded = trace as Recorded;
    const startTime = now();
    recorded.stage?.end(startTime);
    recorded.stage = this.#tracer.startSpan(name, { startTime }, recorded.context);
  }

  end(trace: Trace, { method, operation, status, partner }: TraceEnd): void {
    const { span, stage, sampled } = trace as Recorded;
    if (!sampled) return;
    const endTime = now();
    stage?.end(endTime);
    span.updateName(operation);
    span.setAttributes({ 'http.request.method': method, 'http.response.status_code': status, 'triggers.operation': operation });
    if (partner !== undefined) span.setAttribute('triggers.partner', partner);
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endTime);
  }

  within(trace: Trace, run: () => void): void {
    this.#current.run(trace as Recorded, run);
  }

  current(): Trace | undefined {
    return this.#current.getStore();
  }

  batch<Result>(queue: string, rows: number, requests: Iterable<Trace | undefined>, run: () => Promise<Result>): Promise<Result> {
    const carried = [...requests].filter((each) => each !== undefined) as Recorded[];
    // Whoever happened to cause this turn of the queue is not whom it is for.
    if (carried.length === 0) return this.#current.run(undefined, run);
    const links = carried.map(({ span }): Link => ({ context: span.spanContext() }));
    const attributes = { 'triggers.queue': queue, 'triggers.rows': rows };
    const span = this.#tracer.startSpan(`batch ${queue}`, { root: true, links, attributes, startTime: now() }, ROOT_CONTEXT);
    // So that one finds the way from the request to its batch, too.
    for (const request of carried) request.span.addLink({ context: span.spanContext() });
    return this.#current.run(new Recorded(span), run).finally(() => span.end(now()));
  }

  statement(name: string): ((error?: unknown) => void) | undefined {
    const recorded = this.#current.getStore();
    if (recorded === undefined) return undefined;
    const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': name };
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes, startTime: now() }, recorded.inner);
    return (error) => {
      // The text of a database's error may quote values of the partner's.
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: (error as { code?: string }).code ?? 'error' });
      span.end(now());
    };
  }
}
