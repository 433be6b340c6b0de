import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../platform/audit.ts';

/** The partner that calls, as the audit log names it: with the address, the key and the request. */
export function partnerActor({ principal, ip, id }: FastifyRequest): Actor {
  return { name: `partner:${principal.slug}`, source: `${ip} key ${principal.keyId} request ${id}` };
}
