import { metrics, scrapeJobs } from '../model.ts';

/** While a replica of the API is scraped: only then may what has not happened be shown as 0. Whoever sees nothing must not say that all is well. */
export const whileScraped = `and on () (${metrics.up}{job="${scrapeJobs.api.job}"} == 1)`;

/** While rules of alerts are looked at: the Watchdog always fires then. */
export const whileAlerting = `and on () ${metrics.alerts}{alertname="Watchdog",alertstate="firing"}`;

/** What a panel shows that has no answer but for a stand-in, and not even that. @returns nothing when it has no stand-in */
export function blindText(expressions: string[]): string | undefined {
  if (expressions.some((expr) => expr.includes(whileScraped))) return 'not scraped';
  return expressions.some((expr) => expr.includes(whileAlerting)) ? 'no rules' : undefined;
}
