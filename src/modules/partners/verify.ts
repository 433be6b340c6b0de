import { type Kysely, type Selectable, sql } from 'kysely';
import { isHashOf, type KeyClass, parseKey } from '../../pipeline/auth/key-format.ts';
import type { KeySecrets } from '../../pipeline/auth/key-issue.ts';
import { readSecret } from '../../pipeline/auth/key-secrets.ts';
import { formatTime, parseTime } from '../../platform/rfc3339.ts';
import type { Database } from '../../platform/schema.ts';
import { VaultError } from '../../platform/vault/vault.ts';
import { PartnerError } from './errors.ts';
import type { PartnerFields } from './partner-fields.ts';

/** What a launched partner has, in the order in which it gets it (story 1.12, IV1). */
export const checkNames = ['key', 'limits', 'expiry', 'vaulted', 'mailed', 'channel', 'kickoff'] as const;
export type CheckName = (typeof checkNames)[number];
export type Check = { ok: boolean; detail?: string };

export type PartnerCheck = {
  slug: string;
  partner_id: string | null;
  status: 'active' | 'suspended' | 'missing';
  /** Active, and every check is ok. */
  ok: boolean;
  /** Number of the key that was looked at. */
  key_id: number | null;
  checks: Record<CheckName, Check>;
};

export type Limits = Partial<Pick<PartnerFields, 'rate_limit_per_sec' | 'rate_limit_burst' | 'rate_limit_per_month'>>;
export type Expected = { limits: Limits; keyClass: KeyClass };

export type VerifyOptions = {
  /** Of the partner with that slug. */
  expected(slug: string): Expected;
  /** Milliseconds. */
  now?: number;
  /** Told of every partner as it is checked. */
  onChecked?(check: PartnerCheck): void;
};

type Partner = Selectable<Database['partners']>;
type Key = Pick<Selectable<Database['api_keys']>, 'id' | 'partner_id' | 'class' | 'key_hash' | 'key_prefix' | 'expires_at' | 'replaced_by'>;
type Step = Pick<Selectable<Database['onboarding_steps']>, 'partner_id' | 'step' | 'status' | 'input' | 'last_error'>;

/**
 * The slugs of those who take part in the beta: who has or had a beta key, and who has no key at all yet. Oldest first.
 * One that only has keys of other classes, as the demonstration partner does, is no part of it.
 */
export async function listBetaSlugs(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ slug: string }>`
    SELECT slug FROM partners
    WHERE coalesce((SELECT bool_or(class = 'beta') FROM api_keys WHERE partner_id = partners.id), true)
    ORDER BY id`.execute(db);
  return rows.map(({ slug }) => slug);
}

/** @throws PartnerError `unknown_partner` that names every slug that is nobody's. */
export async function requirePartners(db: Kysely<Database>, slugs: readonly string[]): Promise<void> {
  const known = new Set((await findPartners(db, slugs)).map(({ slug }) => slug));
  const unknown = slugs.filter((slug) => !known.has(slug)).map((slug) => `"${slug}"`);
  if (unknown.length > 0) throw new PartnerError('unknown_partner', `there is no partner ${unknown.join(', ')}`);
}

/**
 * Looks at what each partner has, and opens its secret in the vault, which shows it to nobody. Changes nothing. Partners come in the order of the
 * slugs; a slug that is nobody's is a partner with everything missing.
 */
export async function verifyPartners(
  db: Kysely<Database>,
  secrets: KeySecrets,
  slugs: readonly string[],
  { expected, now = Date.now(), onChecked }: VerifyOptions,
): Promise<PartnerCheck[]> {
  const partners = new Map((await findPartners(db, slugs)).map((partner) => [partner.slug, partner]));
  const ids = [...partners.values()].map(({ id }) => id);
  const keys = Map.groupBy(await findKeys(db, ids), ({ partner_id }) => partner_id);
  const steps = Map.groupBy(await findSteps(db, ids), ({ partner_id }) => partner_id);
  const checked: PartnerCheck[] = [];
  for (const slug of slugs) {
    const partner = partners.get(slug);
    const check = partner ? await checkPartner(partner, keys.get(partner.id) ?? [], steps.get(partner.id) ?? []) : missing(slug);
    checked.push(check);
    onChecked?.(check);
  }
  return checked;

  async function checkPartner(partner: Partner, keys: Key[], steps: Step[]): Promise<PartnerCheck> {
    const { limits, keyClass } = expected(partner.slug);
    const key = currentKey(keys, keyClass, now);
    const checks = {
      key: checkKey(partner, key, keyClass),
      limits: checkLimits(partner, limits),
      expiry: checkExpiry(key, now),
      vaulted: key ? await checkVaulted(db, secrets, key) : noKey,
      mailed: checkStep(steps, 'welcome_email'),
      channel: checkStep(steps, 'slack_channel'),
      kickoff: checkKickoff(steps),
    };
    const ok = partner.status === 'active' && Object.values(checks).every((check) => check.ok);
    return { slug: partner.slug, partner_id: partner.partner_id, status: partner.status, ok, key_id: key?.id ?? null, checks };
  }
}

const fine: Check = { ok: true };
const noKey: Check = { ok: false, detail: 'no key' };

function missing(slug: string): PartnerCheck {
  const checks = Object.fromEntries(checkNames.map((name) => [name, { ok: false, detail: 'no such partner' }]));
  return { slug, partner_id: null, status: 'missing', ok: false, key_id: null, checks: checks as PartnerCheck['checks'] };
}

/** The newest that is good; one that was rotated or has expired only when there is no other. Keys are of one partner, oldest first, not revoked. */
function currentKey(keys: Key[], keyClass: KeyClass, now: number): Key | undefined {
  const rank = (key: Key) => (isExpired(key, now) ? 0 : 2) + (key.replaced_by === null ? 1 : 0);
  return keys
    .filter((key) => key.class === keyClass)
    .reduce<Key | undefined>((best, key) => (best && rank(best) > rank(key) ? best : key), undefined);
}

function isExpired({ expires_at }: Key, now: number): boolean {
  return expires_at !== null && expires_at.getTime() <= now;
}

function checkKey({ slug }: Partner, key: Key | undefined, keyClass: KeyClass): Check {
  if (!key) return { ok: false, detail: `no ${keyClass} key that is not revoked` };
  const form = `sk_${keyClass}_${slug}_`;
  return key.key_prefix.startsWith(form) ? fine : { ok: false, detail: `${key.key_prefix} does not begin with ${form}` };
}

function checkLimits(partner: Partner, limits: Limits): Check {
  const current = { ...partner, rate_limit_per_month: Number(partner.rate_limit_per_month) };
  const wrong = Object.entries(limits)
    .filter(([name, wanted]) => wanted !== undefined && current[name as keyof Limits] !== wanted)
    .map(([name, wanted]) => `${name} is ${current[name as keyof Limits]}, not ${wanted}`);
  return wrong.length === 0 ? fine : { ok: false, detail: wrong.join(', ') };
}

function checkExpiry(key: Key | undefined, now: number): Check {
  if (!key) return noKey;
  if (key.expires_at === null) return { ok: false, detail: 'it never expires' };
  return isExpired(key, now) ? { ok: false, detail: `it expired at ${formatTime(key.expires_at.getTime())}` } : fine;
}

/** Whether the servers know the key that the vault would give out. */
async function checkVaulted(db: Kysely<Database>, { pepper, vault }: KeySecrets, key: Key): Promise<Check> {
  if (!vault) return { ok: false, detail: 'no vault is configured here' };
  try {
    const text = await readSecret(db, vault, key.id);
    if (!parseKey(text)) return { ok: false, detail: 'what is in the vault is no key' };
    if (isHashOf(key.key_hash, pepper, text)) return fine;
    return { ok: false, detail: 'under this KEY_PEPPER what is in the vault is another key' };
  } catch (error) {
    if (error instanceof VaultError) return { ok: false, detail: error.message };
    throw error;
  }
}

function checkStep(steps: Step[], name: Step['step']): Check {
  const step = steps.find((each) => each.step === name);
  if (!step) return { ok: false, detail: 'not begun' };
  if (step.status === 'done') return fine;
  return { ok: false, detail: step.last_error ? `${step.status}: ${step.last_error}` : step.status };
}

/** The invitation goes with the welcome mail. */
function checkKickoff(steps: Step[]): Check {
  const kickoff = steps.find(({ step }) => step === 'welcome_email')?.input.kickoff;
  return typeof kickoff === 'string' && parseTime(kickoff) !== undefined ? fine : { ok: false, detail: 'no time' };
}

function findPartners(db: Kysely<Database>, slugs: readonly string[]): Promise<Partner[]> {
  return db.selectFrom('partners').selectAll().where(sql<boolean>`slug = ANY (${slugs})`).execute();
}

function findKeys(db: Kysely<Database>, partnerIds: number[]): Promise<Key[]> {
  return db
    .selectFrom('api_keys')
    .select(['id', 'partner_id', 'class', 'key_hash', 'key_prefix', 'expires_at', 'replaced_by'])
    .where(sql<boolean>`partner_id = ANY (${partnerIds})`)
    .where('revoked_at', 'is', null)
    .orderBy('id')
    .execute();
}

function findSteps(db: Kysely<Database>, partnerIds: number[]): Promise<Step[]> {
  return db
    .selectFrom('onboarding_steps')
    .select(['partner_id', 'step', 'status', 'input', 'last_error'])
    .where(sql<boolean>`partner_id = ANY (${partnerIds})`)
    .execute();
}
