/**
 * What the beta is to reach (story 1.12, section 8), for those of its metrics that Prometheus has. Green at `target` or better, yellow up to `tolerated`, red beyond:
 * a yellow one is talked about in the weekly review, a red one is a reason against going on.
 */
type Target = { target: number; tolerated: number; better: 'more' | 'less' };

/** Events in the six weeks of the beta: 27.6 a second. */
const sixWeeks = { target: 100e6, tolerated: 50e6 };
/** … and so many of them in a number of days. */
const eventsIn = (days: number) => ({
  target: Math.ceil((sixWeeks.target * days) / 42),
  tolerated: Math.ceil((sixWeeks.tolerated * days) / 42),
});

export const betaTargets = {
  /** Partners who send events. */
  partners: { target: 10, tolerated: 7, better: 'more' },
  /** Data is kept for 35 days: a panel can ask for 30 of the 42. */
  eventsPerMonth: { ...eventsIn(30), better: 'more' },
  eventsPerDay: { ...eventsIn(1), better: 'more' },
  errorRatio: { target: 0.005, tolerated: 0.01, better: 'less' },
  p95Seconds: { target: 0.1, tolerated: 0.15, better: 'less' },
  /** Part of the time in which at least one replica is healthy. */
  uptime: { target: 0.999, tolerated: 0.995, better: 'more' },
  /** An event; dollars. */
  costPerEvent: { target: 0.001, tolerated: 0.01, better: 'less' },
} as const satisfies Record<string, Target>;
