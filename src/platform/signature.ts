import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export type Signer = {
  /** `payload` with its signature, URL-safe. */
  sign(payload: string): string;
  /** The payload, or undefined when the text was not signed by this signer. */
  verify(signed: string): string | undefined;
};

/** Signs short texts that partners carry for us. Each `purpose` has its own key, derived from the one secret. */
export function createSigner(secret: string, purpose: string): Signer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `triggers-api ${purpose}`, 32));
  const signature = (payload: string) => createHmac('sha256', key).update(payload).digest().subarray(0, 12);
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
