import type { Test } from 'tap';
import { startTestApp } from '../helper/app.ts';
import { type RunOptions, runCommand } from './command-run.ts';

type Event = { event_id: string; event_type: string; payload: unknown };

/** A server, and a function that gives the commands of a new partner of it. */
export async function startPartners(t: Pick<Test, 'teardown'>) {
  const { addPartner, db, request, url } = await startTestApp(t);
  const setUp = async () => {
    const partner = await addPartner();
    const env = { TRIGGERS_API_URL: url, TRIGGERS_API_KEY: partner.key };
    const api = (method: string, path: string, body?: unknown) => request(method, path, { key: partner.key, body });
    return {
      partner,
      env,
      /** Runs a command with the partner's key. */
      triggers: (args: string[], options: RunOptions = {}) => runCommand(args, { ...options, env: { ...env, ...options.env } }),
      /** Asks the API itself. */
      api,
      /** Sends an event straight to the API, and gives its id. */
      send: async (type: string, payload: object): Promise<string> =>
        (await api('POST', '/v1/events', { event_type: type, payload })).json.event_id,
      pending: async (): Promise<Event[]> => (await api('GET', '/v1/inbox?limit=500')).json.events,
    };
  };
  return { db, setUp, url };
}

/** The rows that a program reads. */
export function rows(out: string): string[][] {
  return linesOf(out).map((line) => line.split('\t'));
}

/** The records that --json prints. */
// biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape.
export function jsonLines(out: string): any[] {
  return linesOf(out).map((line) => JSON.parse(line));
}

/** As `match`, and as long: `match` takes a list that goes on for one that matches. */
export function exactly(t: Pick<Test, 'match' | 'equal'>, found: unknown[], pattern: unknown[], message = 'as expected'): void {
  t.match(found, pattern, message);
  t.equal(found.length, pattern.length, `${message}, and no more: ${JSON.stringify(found).slice(0, 500)}`);
}

function linesOf(out: string): string[] {
  return out.split('\n').slice(0, -1);
}
