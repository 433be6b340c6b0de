import type { OperationDocs } from '../operation-docs.ts';

export const keys: Record<string, OperationDocs> = {
  rotateKey: {
    summary: 'Replace your key',
    description: `Gives you a new key in place of the one that you call with: the same scopes, networks, class and expiry. It works at once. **It is shown this once**: store it before you do anything else.

The old key stays good for \`grace_seconds\`, a day unless you say otherwise, and never longer than it would have been: time to bring the new one to all your machines. Within a second of its end it is refused everywhere. Use 0 when somebody else may have seen it; but if that answer is lost on its way, so are both keys, and you must ask support for a new one.

A key is replaced once. During its grace it can do what it could, but it is refused here with 403 \`forbidden\`: an old key that was found must not be good for making a new one. Rotate the new key instead.`,
    tag: 'Account',
    body: {
      required: false,
      description: 'Nothing, for a day of grace. Members that are not known are refused.',
      examples: {
        day: { summary: 'A day, as without a body', value: { grace_seconds: 86_400 } },
        now: { summary: 'The old key ends at once', value: { grace_seconds: 0 } },
      },
    },
    answers: {
      200: {
        description: 'The new key.',
        headers: ['NoStore'],
        examples: {
          rotated: {
            summary: 'A day of grace',
            value: {
              api_key: 'sk_beta_acme_…',
              key_id: 12,
              key_prefix: 'sk_beta_acme_Xq3bT9',
              expires_at: null,
              old_key: { key_id: 7, valid_until: '2026-11-25T10:30:00.123Z' },
            },
          },
        },
      },
    },
    errors: ['unknown_field'],
  },
};
