export type PartnerErrorCode =
  | 'invalid_slug'
  | 'slug_taken'
  | 'partner_id_taken'
  | 'unknown_partner'
  | 'unknown_key'
  | 'ambiguous_key'
  | 'revoked_key';

/** What an administrator asked for cannot be done; the message says why, in a sentence for them. */
export class PartnerError extends Error {
  override name = 'PartnerError';
  readonly code: PartnerErrorCode;

  constructor(code: PartnerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
