import { type Static, Type } from '@sinclair/typebox';

/** How long the old key stays good, in seconds: not at all, an hour, a day, a week. */
export const graceSeconds = [0, 3_600, 86_400, 604_800] as const;
export const defaultGraceSeconds = 86_400;

export const RotateBody = Type.Union(
  [
    Type.Object(
      {
        grace_seconds: Type.Optional(
          Type.Unsafe<number>({
            type: 'integer',
            enum: [...graceSeconds],
            default: defaultGraceSeconds,
            description: 'How long the old key stays good: 0, an hour, a day or a week. 0 for a key that somebody else may have seen.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ],
  { $id: 'RotateBody' },
);
export type RotateBody = Static<typeof RotateBody>;

const time = (description: string) => Type.String({ format: 'date-time', description });

export const RotatedKey = Type.Object(
  {
    api_key: Type.String({ description: 'The new key. It is shown this once.', examples: ['sk_beta_acme_…'] }),
    key_id: Type.Integer({ description: 'Its number; name it to support.' }),
    key_prefix: Type.String({ description: 'What is shown of it elsewhere.' }),
    expires_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'As of the old key before; null: it does not expire.',
    }),
    old_key: Type.Object(
      {
        key_id: Type.Integer({ description: 'Its number.' }),
        valid_until: time('From then on it is refused.'),
      },
      { description: 'The key with which you called.' },
    ),
  },
  { $id: 'RotatedKey' },
);
