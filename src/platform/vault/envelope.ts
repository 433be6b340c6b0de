import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { VaultError } from './master-key.ts';

/**
 * AES-256-GCM (NIST SP 800-38D): `nonce (12) | ciphertext | tag (16)`. A key encrypts one text, or few: the random nonce of 96 bits does not repeat.
 */
const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

export function encrypt(key: Buffer, plain: Buffer, additionalData: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(additionalData, 'utf8'));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws VaultError `broken` when a bit of it, the key or the additional data is not what it was. */
export function decrypt(key: Buffer, sealed: Buffer, additionalData: string): Buffer {
  try {
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(additionalData, 'utf8'));
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch (error) {
    throw new VaultError('broken', 'the secret does not open: it was changed, or belongs to another key', { cause: error });
  }
}
