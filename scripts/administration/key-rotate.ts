import type { Command } from 'commander';
import { maxGoodKeys, type NotRotated, rotateKey } from '../../src/modules/keys/store.ts';
import type { KeyRecord } from '../../src/modules/partners/records.ts';
import { findKeyRecord } from '../../src/modules/partners/store.ts';
import { formatTime } from '../../src/platform/rfc3339.ts';
import { withDatabase } from './database.ts';
import { sayIfKeyIsUnprinted } from './key-unprinted.ts';
import { choice, grace, graces, line } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { confirm, printJson, say } from './output.ts';
import { checkedSecrets } from './pepper.ts';

type RotateOptions = { grace: number; reason?: string; dryRun?: boolean; yes?: boolean; json?: boolean };

/** `admin keys rotate` */
export function addKeyRotateCommand(keys: Command): void {
  keys
    .command('rotate <id-or-prefix>')
    .description('make a key like it, and give this one an end')
    .addOption(choice('--grace <time>', 'how long the old one stays good', graces, grace, '24h'))
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(rotate);
}

async function rotate(name: string, { grace: graceMs, reason, dryRun, yes, json }: RotateOptions): Promise<void> {
  await withDatabase(async (connection) => {
    const { db, actor, optionalVault } = connection;
    const old = await findKeyRecord(db, name);
    if (dryRun) return printPlan(old, graceMs, json);
    // With a grace nobody is cut off; without one the partner is, until it has the new key.
    if (graceMs === 0) await confirm(`Refuse the key ${old.key_prefix}… at once`, yes);
    const rotation = await rotateKey(db, await checkedSecrets(connection), { keyId: old.key_id, graceMs, now: Date.now() }, actor(reason));
    if (typeof rotation === 'string') throw refusal(rotation, old);
    const { key, row, oldValidUntil } = rotation;
    const until = formatTime(oldValidUntil.getTime());
    sayIfKeyIsUnprinted(row.id, old.partner, optionalVault());
    if (json) {
      const record = await findKeyRecord(db, `${row.id}`);
      return printJson({ dry_run: false, api_key: key, ...record, old_key: { key_id: old.key_id, valid_until: until } });
    }
    process.stdout.write(`${key}\n`);
    say(`key ${row.id} of ${old.partner} in place of ${old.key_id}, which is good until ${until}`);
  });
}

function refusal(why: NotRotated, { key_prefix, replaced_by, partner }: KeyRecord): AdminError {
  const sentences: Record<NotRotated, string> = {
    ended: `the key ${key_prefix}… is no longer good: issue another`,
    replaced: `the key ${key_prefix}… was rotated before: rotate the key ${replaced_by}`,
    too_many: `${partner} has ${maxGoodKeys} good keys already: revoke one, or rotate with --grace 0`,
  };
  return new AdminError(exitCodes.conflict, sentences[why]);
}

/** @throws AdminError when the key could not be rotated. */
function printPlan(old: KeyRecord, graceMs: number, json: boolean | undefined): void {
  if (old.status !== 'active') throw refusal('ended', old);
  if (old.replaced_by !== null) throw refusal('replaced', old);
  const ownEnd = old.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(old.expires_at);
  const until = formatTime(Math.min(Date.now() + graceMs, ownEnd));
  // What is known of a key only when it is made.
  const unknown = { api_key: null, key_id: null, key_prefix: null, created_at: null, last_used_at: null };
  if (json) printJson({ dry_run: true, ...old, ...unknown, old_key: { key_id: old.key_id, valid_until: until } });
  else say(`a key like ${old.key_id} of ${old.partner} would be made, and that one would be good until ${until}; nothing was done`);
}
