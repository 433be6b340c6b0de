import { KmsMasterKey } from './kms-master-key.ts';
import { LocalMasterKey } from './local-master-key.ts';
import { Vault } from './vault.ts';

export type VaultOptions = {
  /** File of the local master keys; see key-file.ts. */
  keyFile?: string;
  /** ARN, id or alias of a key of AWS KMS, which takes precedence. */
  kmsKey?: string;
  /** Of a test's double of KMS. */
  kmsEndpoint?: string;
};

/** The vault that is configured; nothing when none is. Does no I/O. */
export function openVault({ keyFile, kmsKey, kmsEndpoint }: VaultOptions): Vault | undefined {
  if (kmsKey) return new Vault(new KmsMasterKey({ keyId: kmsKey, endpoint: kmsEndpoint }));
  return keyFile ? new Vault(new LocalMasterKey(keyFile)) : undefined;
}
