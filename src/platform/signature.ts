import { hash, hkdfSync, timingSafeEqual } from 'node:crypto';

export type Signer = {
  /** `payload` with its signature, URL-safe. */
  sign(payload: string): string;
  /** The payload, or undefined when the text was not signed by this signer. */
  verify(signed: string): string | undefined;
};

/** Signs short texts that partners carry for us. Each `purpose` has its own key, derived from the one secret. */
export function createSigner(secret: string, purpose: string): Signer {
  const hmac = createHmacSha256(Buffer.from(hkdfSync('sha256', secret, '', `triggers-api ${purpose}`, 32)));
  const signature = (payload: string) => hmac(payload).subarray(0, 12);
  return {
    sign(payload) {
      return Buffer.concat([signature(payload), Buffer.from(payload, 'utf8')]).toString('base64url');
    },
    verify(signed) {
      const bytes = Buffer.from(signed, 'base64url');
      if (bytes.length < 13 || bytes.toString('base64url') !== signed) return undefined;
      const payload = bytes.subarray(12).toString('utf8');
      return timingSafeEqual(bytes.subarray(0, 12), signature(payload)) ? payload : undefined;
    },
  };
}

const blockBytes = 64;

/**
 * HMAC-SHA-256 (RFC 2104) of many short texts under one key of at most 64 bytes. By the one-shot hash it takes 1 µs, where createHmac takes 13 µs
 * on Node 24; a page of the inbox signs its cursor each time.
 */
function createHmacSha256(key: Buffer): (text: string) => Buffer {
  const padded = Buffer.concat([key], blockBytes);
  const inner = Buffer.from(padded.map((byte) => byte ^ 0x36));
  const outer = Buffer.from(padded.map((byte) => byte ^ 0x5c));
  return (text) => {
    const digest = hash('sha256', Buffer.concat([inner, Buffer.from(text, 'utf8')]), 'buffer');
    return hash('sha256', Buffer.concat([outer, digest]), 'buffer');
  };
}
