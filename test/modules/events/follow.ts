import type pg from 'pg';
import type { TestApp, TestPartner } from '../../helper/app.ts';
import { idsOf } from '../../helper/seed.ts';
import { until } from '../../helper/until.ts';

/** One page of `GET /v1/events`; `query` as in the URL, without the question mark. */
export async function list({ request }: Pick<TestApp, 'request'>, { key }: Pick<TestPartner, 'key'>, query = 'limit=500') {
  const answer = await request('GET', `/v1/events?${query}`, { key });
  if (answer.status !== 200) throw new Error(`a list was answered ${answer.status}: ${answer.text}`);
  return answer;
}

/** Every page from the first on, until there are no more. */
export async function walkList(app: Pick<TestApp, 'request'>, partner: Pick<TestPartner, 'key'>, query: string) {
  const pages = [await list(app, partner, query)];
  while (pages.at(-1)?.json.has_more) pages.push(await list(app, partner, `${query}&cursor=${pages.at(-1)?.json.next_cursor}`));
  return pages;
}

/** A client that follows along: keeps its cursor, and everything that it has seen. */
export class Follower {
  readonly seen: string[] = [];
  readonly #app: Pick<TestApp, 'request'>;
  readonly #partner: Pick<TestPartner, 'key'>;
  readonly #query: string;
  #cursor = '';

  constructor(app: Pick<TestApp, 'request'>, partner: Pick<TestPartner, 'key'>, query = 'limit=500') {
    this.#app = app;
    this.#partner = partner;
    this.#query = query;
  }

  /** Asks until there is no more for now; returns what was new. */
  async catchUp(): Promise<string[]> {
    const fresh: string[] = [];
    for (;;) {
      const page = await list(this.#app, this.#partner, `order=asc&${this.#query}${this.#cursor}`);
      fresh.push(...idsOf(page));
      this.#cursor = `&cursor=${page.json.next_cursor}`;
      if (page.json.has_more) continue;
      this.seen.push(...fresh);
      return fresh;
    }
  }
}

/**
 * Waits until every transaction has ended that ran when it was called, on the whole server: other test files run on it too. From then on all that was
 * stored before is shown with `order=asc`.
 */
export async function othersEnded(db: pg.ClientBase): Promise<void> {
  const { rows } = await db.query<{ next: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next');
  await until('the transactions of others have ended', async () => {
    const ended = await db.query('SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS ended', [rows[0]?.next]);
    return ended.rows[0]?.ended;
  });
}
