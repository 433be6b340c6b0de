import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { metrics, recorded, scrapeJobs } from '../../grafana/src/model.ts';
import { programs, run } from './promtool.ts';

const days = 8;
/** Below the five minutes for which Prometheus looks back: the lines have no gaps. */
const stepSeconds = 240;
const day = 86_400;

type Series = { name: string; labels?: Record<string, string>; at(time: number): number };

/** More by day than by night, 0.4 to 1. */
const daily = (time: number) => 0.7 + 0.3 * Math.sin((2 * Math.PI * (time % day)) / day);
/** An outage of half an hour, four days ago, as seen from `end`. */
const outage = (time: number, end: number) => time > end - 4 * day && time < end - 4 * day + 1_800;

/**
 * The past that panels compare with and that nobody waits for in a test: eight made-up days of the few recorded series of which something looks back an hour or more.
 * It ends ten minutes before the scrapes begin: what looks back less is all scraped and recorded; docs/operations.md names what looks back farther.
 */
function history(end: number, partners: string[]): Series[] {
  const errors = (time: number) => (outage(time, end) ? 0.02 : 0.0001);
  return [
    { name: recorded.requestRate, at: (time) => 60 * daily(time) },
    { name: recorded.errorRate, at: (time) => 60 * daily(time) * errors(time) },
    { name: recorded.errorRatio('5m'), at: errors },
    { name: recorded.p95, at: (time) => (outage(time, end) ? 0.4 : 0.01 + 0.01 * daily(time)) },
    ...partners.map((partner, index) => ({
      name: recorded.partnerEventsHour,
      labels: { partner },
      at: (time: number) => Math.round((index + 1) * 900 * daily(time)),
    })),
    { name: recorded.healthFailed, labels: { instance: 'before' }, at: (time) => (outage(time, end) ? 1 : 0) },
    { name: metrics.deadLettersStored, labels: { job: scrapeJobs.api.job }, at: () => 3 },
  ];
}

/** Writes it as blocks into the data of a Prometheus that has not started yet. `now` in milliseconds. */
export async function writeHistory(data: string, now: number, partners: string[]): Promise<void> {
  const end = Math.floor(now / 1000) - 600;
  const lines: string[] = [];
  for (const { name, labels = {}, at } of history(end, partners)) {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    for (let time = end - days * day; time <= end; time += stepSeconds) lines.push(`${name}{${pairs.join(',')}} ${at(time)} ${time}`);
  }
  await mkdir(data, { recursive: true });
  const file = path.join(path.dirname(data), 'history.txt');
  await writeFile(file, `${lines.join('\n')}\n# EOF\n`);
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--max-block-duration=240h', '--quiet', file, data];
  const { code, output } = await run(programs.promtool, args);
  if (code !== 0) throw new Error(`promtool ${args.join(' ')}: ${output}`);
}
