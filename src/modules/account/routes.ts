import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { partnerActor } from '../../pipeline/auth/partner-actor.ts';
import { audited } from '../../platform/audit.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Database } from '../../platform/schema.ts';
import { Account, AccountPatch, Usage } from './schema.ts';
import { type AccountRow, readAccount, updateAccount } from './store.ts';

export type AccountOptions = {
  db: Kysely<Database>;
  clock: Clock;
  /** Every limit of the API, for `GET /v1/usage`. */
  apiLimits: Record<string, number>;
  /** Forgets what this process has cached of the partner, so that its next request sees the change. */
  forgetPartner(partnerId: number): void;
};

/** What a partner can see and change of itself. */
export async function account(app: FastifyInstance, { db, clock, apiLimits, forgetPartner }: AccountOptions): Promise<void> {
  app.get(
    '/v1/account',
    { schema: { response: { 200: Account } }, config: { operation: 'getAccount', access: 'account:read', limit: true } },
    async ({ principal }) => view(await readAccount(db, principal.partnerId)),
  );

  app.patch(
    '/v1/account',
    {
      schema: { body: AccountPatch, response: { 200: Account } },
      config: { operation: 'patchAccount', access: 'account:write', limit: true },
    },
    async (request: FastifyRequest<{ Body: AccountPatch }>) => {
      const { principal, body } = request;
      await audited(db, partnerActor(request), (transaction) => updateAccount(transaction, principal.partnerId, body, clock()));
      forgetPartner(principal.partnerId);
      return view(await readAccount(db, principal.partnerId));
    },
  );

  app.get(
    '/v1/usage',
    { schema: { response: { 200: Usage } }, config: { operation: 'getUsage', access: 'account:read', limit: true } },
    async (request) => {
      const { quota, state } = app.limits;
      const { burst, monthly } = state(request);
      return {
        month: quota.month().name.slice(0, 7),
        events_accepted: quota.used(request.principal.partnerId),
        monthly: { limit: monthly.quota, remaining: monthly.remaining, reset_seconds: monthly.resetSeconds },
        burst: { limit: burst.quota, remaining: burst.remaining, reset_seconds: burst.resetSeconds },
        limits: apiLimits,
      };
    },
  );
}

function view(row: AccountRow) {
  return {
    partner_id: row.partner_id,
    partner_name: row.name,
    status: row.status,
    created_at: row.created_at.toISOString(),
    rate_limit_per_sec: row.rate_limit_per_sec,
    rate_limit_burst: row.rate_limit_burst,
    rate_limit_per_month: Number(row.rate_limit_per_month),
    retention_hours: Math.floor(row.retention_seconds / 3600),
    max_deliveries: row.max_deliveries,
    contact_email: row.contact_email,
    contact_phone: row.contact_phone,
    slack_channel: row.slack_channel,
    primary_contact: row.primary_contact,
    backup_contact: row.backup_contact,
  };
}
