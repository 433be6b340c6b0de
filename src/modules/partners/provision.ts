import { isDeepStrictEqual } from 'node:util';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { isGoodKey } from '../../pipeline/auth/good-keys.ts';
import type { KeyClass } from '../../pipeline/auth/key-format.ts';
import {
  type KeySecrets,
  type KeySettings,
  type PreparedKey,
  prepareKey,
  type ShownKey,
  shownKeyColumns,
  storeKey,
} from '../../pipeline/auth/key-issue.ts';
import type { Database } from '../../platform/schema.ts';
import { drawPartner, insertPartner } from './new-partner.ts';
import { type Change, changesTo, type PartnerFields, updatePartner } from './partner-fields.ts';

export type { Change, PartnerFields } from './partner-fields.ts';

/** How a partner is to be. */
export type Wanted = {
  slug: string;
  /** Never changes; made of the row's number, unless given. */
  partnerId?: string;
  /** What is not among them is not compared and not changed; a new partner gets the defaults of the table. */
  fields: Partial<PartnerFields>;
  /** The key that is made if the partner has no active one of that class. None is made without it. */
  key?: KeySettings & { keyClass: KeyClass };
};

export type Provisioned =
  /** `partnerId` is null for one that is only planned. `key` is the one that was made or found, `apiKey` the text of one that was made. */
  | {
      outcome: 'created' | 'unchanged' | 'updated' | 'differs';
      partnerId: string | null;
      key?: ShownKey;
      apiKey?: string;
      /** Whether a key is made, also when it is only planned. */
      makesKey: boolean;
      changes: Change[];
    }
  | { outcome: 'failed'; partnerId: string | null; column: 'slug' | 'partner_id'; message: string };

export type Options = {
  /** Makes a partner that is there as wanted; otherwise it is left alone when it differs. */
  update?: boolean;
  /** Public ids that are to be given by name: no other partner gets them by number. */
  reserved?: ReadonlySet<string>;
  now?: () => number;
};

/** What is written with. */
export type Means = {
  db: Kysely<Database>;
  secrets: KeySecrets;
  /** Runs `work` in one transaction, in the name of whoever acts. */
  change<T>(work: (transaction: Transaction<Database>) => Promise<T>): Promise<T>;
  /** Told of a key before it is stored, so that it is not lost when the process ends right after the commit. It may never be stored. */
  prepared?(key: PreparedKey): Promise<void>;
};

type Partner = Selectable<Database['partners']>;
type Found = { partner?: Partner; key?: ShownKey; ownerOfId?: string };

/** Somebody else made the partner or the key meanwhile: look again. */
const overtaken = Symbol('overtaken');

/** What `provision` would do. Writes nothing. */
export async function planProvision(db: Kysely<Database>, wanted: Wanted, options: Options = {}): Promise<Provisioned> {
  return plan(wanted, await find(db, wanted, options), options);
}

/**
 * Makes a partner as wanted, with a key, in one transaction: all of it or nothing. What is there already is not made again, so any number of calls
 * for one partner, one after the other or at once, leave one partner with one key.
 * @throws the database's error; VaultError. Then nothing was changed, unless the commit's answer was lost: the same call again tells.
 */
export async function provision(means: Means, wanted: Wanted, options: Options = {}): Promise<Provisioned> {
  for (;;) {
    const found = await find(means.db, wanted, options);
    const planned = plan(wanted, found, options);
    if (!isChange(planned)) return planned;
    const drawn = found.partner ? undefined : await drawPartner(means.db, options.reserved ?? new Set());
    const id = drawn?.id ?? (found.partner as Partner).id;
    const prepared = planned.makesKey ? await prepareKey(means.db, means.secrets, partnerAndClass(wanted, id)) : undefined;
    if (prepared) await means.prepared?.(prepared);
    const done = await means.change(async (transaction): Promise<Provisioned | typeof overtaken> => {
      const partner = drawn
        ? await insertPartner(transaction, { ...drawn, ...(wanted.partnerId !== undefined && { partnerId: wanted.partnerId }) }, wanted)
        : await changeAsPlanned(transaction, wanted, planned, options);
      if (!partner) return overtaken;
      const made = prepared && (await storeKey(transaction, prepared, wanted.key as KeySettings));
      return { ...planned, partnerId: partner.partner_id, key: made ?? found.key, apiKey: prepared?.key };
    });
    if (done !== overtaken) return done;
  }
}

function partnerAndClass({ slug, key }: Wanted, id: number) {
  return { partner: { id, slug }, keyClass: (key as { keyClass: KeyClass }).keyClass };
}

type Planned = Exclude<Provisioned, { outcome: 'failed' }>;

function isChange(planned: Provisioned): planned is Planned {
  return planned.outcome === 'created' || planned.outcome === 'updated';
}

function plan({ slug, partnerId, fields, key }: Wanted, found: Found, { update = false }: Options): Provisioned {
  const { partner } = found;
  if (found.ownerOfId !== undefined && found.ownerOfId !== slug) {
    const message = `"${partnerId}" is the id of the partner "${found.ownerOfId}": give another, or none.`;
    return { outcome: 'failed', partnerId: partner?.partner_id ?? null, column: 'partner_id', message };
  }
  if (!partner) return { outcome: 'created', partnerId: partnerId ?? null, makesKey: key !== undefined, changes: [] };
  const shared = { partnerId: partner.partner_id, key: found.key };
  if (partner.status !== 'active') {
    const message = `The partner is suspended, so it is left alone; "partners resume ${slug}" ends that.`;
    return { outcome: 'failed', partnerId: partner.partner_id, column: 'slug', message };
  }
  if (partnerId !== undefined && partnerId !== partner.partner_id) {
    const message = `The partner has the id "${partner.partner_id}", which never changes: give that, or none.`;
    return { outcome: 'failed', partnerId: partner.partner_id, column: 'partner_id', message };
  }
  const changes = changesTo(partner, fields);
  if (changes.length > 0 && !update) return { ...shared, outcome: 'differs', makesKey: false, changes };
  const makesKey = key !== undefined && found.key === undefined;
  return { ...shared, outcome: makesKey || changes.length > 0 ? 'updated' : 'unchanged', makesKey, changes };
}

/**
 * Under the lock of the partner's row: whoever else provisions it waits here, and then finds what was done.
 * @returns undefined when it is not as it was when that was planned.
 */
async function changeAsPlanned(
  transaction: Transaction<Database>,
  wanted: Wanted,
  planned: Planned,
  options: Options,
): Promise<Partner | undefined> {
  const found = await find(transaction, wanted, options, true);
  const again = plan(wanted, found, options);
  if (!found.partner || !isChange(again) || again.makesKey !== planned.makesKey || !isDeepStrictEqual(again.changes, planned.changes)) {
    return undefined;
  }
  if (again.changes.length === 0) return found.partner;
  const fields = Object.fromEntries(again.changes.map(({ field, to }) => [field, to]));
  return updatePartner(transaction, found.partner.id, fields, options.now?.() ?? Date.now());
}

async function find(db: Kysely<Database>, { slug, partnerId, key }: Wanted, { now = Date.now }: Options, lock = false): Promise<Found> {
  const partner = await db
    .selectFrom('partners')
    .selectAll()
    .where('slug', '=', slug)
    .$if(lock, (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
  const owner =
    partnerId === undefined
      ? undefined
      : await db.selectFrom('partners').select('slug').where('partner_id', '=', partnerId).executeTakeFirst();
  const active =
    partner && key
      ? await db
          .selectFrom('api_keys')
          .select(shownKeyColumns)
          .where('partner_id', '=', partner.id)
          .where('class', '=', key.keyClass)
          .where(isGoodKey(now()))
          // One that was rotated is good for a while yet: the one in its place is the partner's key.
          .orderBy(sql`replaced_by IS NOT NULL`)
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst()
      : undefined;
  return { partner, key: active, ownerOfId: owner?.slug };
}
