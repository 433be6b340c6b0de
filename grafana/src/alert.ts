import type { Owner, Severity } from './model.ts';

/**
 * Where an alert begins, and how that is proven: `series` (constant values, of a state in which the alert fires) with the one series of `edge` at its
 * limit and on both sides of it. Tests are made of this for promtool.
 */
export type Edge = {
  /** The series whose value decides: a selector with all labels, as in `redis_up{job="triggers-api"}`. */
  series: string;
  /** The value at which the answer changes. */
  limit: number;
  /** On which side it fires; the limit itself belongs to the side with the equals sign. */
  fires: '>' | '>=' | '<' | '<=';
  /** The series is a time (seconds since 1970) in the past or the future, and the limit is its distance to now. */
  time?: 'ago' | 'ahead';
};

export type Alert = {
  /** CamelCase; its anchor in docs/alerts.md is this in lower case. */
  name: string;
  severity: Severity;
  owner: Owner;
  /** PromQL over recorded series and gauges. */
  expr: string;
  /** How long it must be true, as Prometheus writes durations; '0s' fires at once. */
  for: string;
  /**
   * How long it goes on firing after it has ended. For causes: their consequences look back for minutes, and would be sent as news as soon as nothing holds them
   * back.
   */
  keepFor?: string;
  /** One line; Prometheus's templates are allowed. */
  summary: string;
  /** What it means to a partner, and why the limit is where it is. */
  description: string;
  labels?: Record<string, string>;
  /** What to look at and do first, in order; Markdown. */
  firstSteps: string[];
  /** Names of alerts of which this one is a mere consequence: while one of them fires, this one is not sent. */
  follows?: string[];
  /** A state in which it fires (series → constant value), but for the edges' own series; and the labels it then has, beyond its own. */
  proof: { series?: Record<string, number>; edges: Edge[]; labels?: Record<string, string> };
};
