import type { Kysely } from 'kysely';
import type { Job } from '../../platform/jobs.ts';
import type { Database } from '../../platform/schema.ts';
import { readHead } from './store.ts';

export type AnchorOptions = {
  db: Kysely<Database>;
  log: { info(fields: object, message: string): void };
};

/** What the line in the log says; `audit verify --anchors` looks for it. */
export const anchorMessage = 'audit log anchor';

/**
 * Writes the end of the audit log's chain to the server's own log each hour. That is kept elsewhere: whoever rewrites the log in the database, all hashes
 * included, cannot rewrite what was noted of it before.
 */
export function auditAnchorJob({ db, log }: AnchorOptions): Job {
  return {
    name: 'audit-anchor',
    schedule: '23 * * * *',
    async run() {
      const head = await readHead(db);
      if (!head) throw new Error('audit_head is empty: somebody has deleted where the audit log ends');
      log.info({ seq: Number(head.seq), hash: head.hash }, anchorMessage);
    },
  };
}
