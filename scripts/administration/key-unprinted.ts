import type { Vault } from '../../src/platform/vault/vault.ts';
import { sayIfUnprinted } from './output.ts';

/** To be called before a key is printed that was just made: should stdout not take it, it is said what is there now and what to do. */
export function sayIfKeyIsUnprinted(keyId: number, partner: string, vault: Vault | undefined): void {
  const remedy = vault
    ? `./scripts/admin keys reveal ${keyId} --reason … shows it`
    : `there is no vault to show it again: ./scripts/admin keys revoke ${keyId}, and issue another`;
  sayIfUnprinted(`key ${keyId} of ${partner} was made all the same; ${remedy}`);
}
