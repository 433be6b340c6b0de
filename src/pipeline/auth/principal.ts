import type { Networks } from './networks.ts';

export const scopes = ['events:write', 'inbox:read', 'inbox:settle', 'account:read', 'account:write'] as const;

export type Scope = (typeof scopes)[number];

/** Who calls: a key and the settings of its partner, as the pipeline and the modules need them on every request. */
export type Principal = {
  /** Internal number of the partner: the first column of every table that grows with traffic. */
  partnerId: number;
  slug: string;
  keyId: number;
  keyPrefix: string;
  scopes: ReadonlySet<Scope>;
  /** Networks from which the key may be used; null: from everywhere. */
  networks: Networks | null;
  /** Milliseconds since the epoch after which the key is refused; null for a key that does not expire. */
  expiresAtMs: number | null;
  ratePerSecond: number;
  burst: number;
  /** Newly accepted events per calendar month, UTC. */
  monthlyQuota: number;
  retentionMs: number;
  /** How often an event is handed out under a lease before it becomes a dead letter. */
  maxDeliveries: number;
  /** Events received at or before this moment had expired when the retention was last raised, and stay hidden. */
  expiredThroughMs: number;
};
