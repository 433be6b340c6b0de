import type { LatencySummary } from './latency.ts';

/**
 * What a generator process is to do and what it answers: plain data, so that it crosses a process boundary as JSON.
 */
export type LoadSpec = {
  /** On this machine only: 127.0.0.1. */
  port: number;
  source: RequestSource;
  /** Sockets, spread evenly over `apiKeys`. */
  connections: number;
  /** Each connection sends one of these. Empty: no key is sent. */
  apiKeys: string[];
  /** Closed loop: each connection sends its next request when it has its answer. Arrival: `perSecond` in all, whatever the answers do. */
  pace: { kind: 'closed' } | { kind: 'arrival'; perSecond: number };
  /** Measured time; the run also ends when the source has no more requests. At most 600 s. */
  durationMs: number;
  /** Sent before the measured time and not counted. */
  warmUpMs: number;
  /** Limit of one request. */
  timeoutMs: number;
  /** Cuts the latencies into this many slices by order of completion. */
  slices?: number;
};

export type RequestSource =
  /** `POST /v1/events`, each with a payload of its own of about `payloadBytes`. */
  | { kind: 'event'; payloadBytes: number; keyed?: boolean }
  /** `POST /v1/events/batch`. */
  | { kind: 'batch'; size: number; payloadBytes: number }
  /** The same request again and again. */
  | { kind: 'fixed'; method: string; path: string; body?: string; eventsEach?: number }
  /** Each body once, in order; then the run ends. */
  | { kind: 'list'; method: string; path: string; bodies: string[]; eventsEach?: number }
  /**
   * Insert a batch of `size`, poll `size` or receive them under leases, acknowledge what came; each connection for itself, until `events` have gone
   * round. Latencies are those of the polls or receives.
   */
  | { kind: 'cycle'; size: number; payloadBytes: number; events: number; leased?: boolean };

export type LoadResult = {
  /** Answered within the measured time; a cycle counts its polls. */
  requests: number;
  /** Events accepted, delivered or acknowledged by them. */
  events: number;
  elapsedMs: number;
  requestsPerSecond: number;
  eventsPerSecond: number;
  /** By status, and `refused`, `lost`, `timeout` for requests without an answer. */
  statuses: Record<string, number>;
  /** Requests not answered with 2xx. */
  errors: number;
  latency: LatencySummary;
  slices?: LatencySummary[];
  /** Of the generator's process, to see that it was not what limited the run. */
  generatorCpuMs: number;
  /** The body of the last answer that was not 2xx, cut to 500 characters. */
  lastError?: string;
};
