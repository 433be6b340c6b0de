import { type Static, Type } from '@sinclair/typebox';

/** What a partner may set; the defaults are those of the table of partners. */
export const accountLimits = {
  minRetentionHours: 1,
  maxRetentionHours: 720,
  defaultRetentionHours: 72,
  minDeliveries: 1,
  maxDeliveries: 100,
  defaultDeliveries: 10,
} as const;

/** No control characters: a text column cannot hold NUL, and the others would be obeyed by the terminal that shows them. */
const contact = (description: string) =>
  Type.Union([Type.String({ maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }), Type.Null()], { description });

const contacts = {
  contact_email: Type.Union(
    [Type.String({ maxLength: 200, pattern: '^[^@\\s\\u0000-\\u001f\\u007f]+@[^@\\s\\u0000-\\u001f\\u007f]+$' }), Type.Null()],
    {
      description: 'Where notices go.',
    },
  ),
  contact_phone: contact('A telephone number.'),
  slack_channel: contact('The support channel.'),
  primary_contact: contact('A name.'),
  backup_contact: contact('A name.'),
};

export const Account = Type.Object(
  {
    partner_id: Type.String({ description: 'Name it to support.', examples: ['beta_000001'] }),
    partner_name: Type.String({ description: 'Your name.', examples: ['Acme Corp'] }),
    status: Type.Union([Type.Literal('active'), Type.Literal('suspended')], {
      description: 'The keys of a suspended partner are refused.',
    }),
    created_at: Type.String({ format: 'date-time', description: 'Since when you are with us.' }),
    rate_limit_per_sec: Type.Integer({ description: 'Requests a second that you may go on with.' }),
    rate_limit_burst: Type.Integer({ description: 'Requests at once.' }),
    rate_limit_per_month: Type.Integer({ description: 'Newly accepted events in a calendar month, UTC.' }),
    retention_hours: Type.Integer({ description: 'How long an event stays in the inbox unacknowledged.' }),
    max_deliveries: Type.Integer({ description: 'How often an event is leased to a worker before it becomes a dead letter.' }),
    ...contacts,
  },
  { $id: 'Account' },
);

export const AccountPatch = Type.Composite(
  [
    Type.Object({
      retention_hours: Type.Optional(
        Type.Integer({
          minimum: accountLimits.minRetentionHours,
          maximum: accountLimits.maxRetentionHours,
          description:
            'True at once, also for what is stored: a longer one keeps what has not expired yet, a shorter one hides what is older.',
          examples: [168],
        }),
      ),
      max_deliveries: Type.Optional(
        Type.Integer({
          minimum: accountLimits.minDeliveries,
          maximum: accountLimits.maxDeliveries,
          description: 'How often an event is leased to a worker before it becomes a dead letter. Looked at with each lease.',
          examples: [5],
        }),
      ),
    }),
    Type.Partial(Type.Object(contacts)),
  ],
  { $id: 'AccountPatch', additionalProperties: false, minProperties: 1 },
);
export type AccountPatch = Static<typeof AccountPatch>;

const Limit = (description: string) =>
  Type.Object(
    {
      limit: Type.Integer({ description: 'What you have.' }),
      remaining: Type.Integer({ description: 'What is left of it.' }),
      reset_seconds: Type.Integer({ description: 'Seconds until there is more.' }),
    },
    { description },
  );

export const Usage = Type.Object(
  {
    month: Type.String({ description: 'The calendar month, UTC.', examples: ['2026-11'] }),
    events_accepted: Type.Integer({ description: 'New events in this month; duplicates and refused ones do not count.' }),
    monthly: Limit('Newly accepted events in the month.'),
    burst: Limit('Requests at once.'),
    limits: Type.Record(Type.String(), Type.Integer(), { description: 'Every limit of the API, sizes in bytes and times in seconds.' }),
  },
  { $id: 'Usage' },
);
