import { apiLimits } from '../limits.ts';
import type { OperationDocs } from '../operation-docs.ts';

const acme = {
  partner_id: 'beta_000001',
  partner_name: 'Acme Corp',
  status: 'active',
  created_at: '2026-11-01T09:00:00.000Z',
  rate_limit_per_sec: 100,
  rate_limit_burst: 100,
  rate_limit_per_month: 2_592_000_000,
  retention_hours: 72,
  max_deliveries: 10,
  contact_email: 'integration@acmecorp.example',
  contact_phone: '+1-555-0001',
  slack_channel: '#acme-triggers',
  primary_contact: 'John Doe',
  backup_contact: null,
};

export const account: Record<string, OperationDocs> = {
  getAccount: {
    summary: 'Read your account',
    description: 'Your limits, your retention and whom we write to.',
    tag: 'Account',
    answers: { 200: { description: 'The account.', examples: { acme: { summary: 'An account', value: acme } } } },
  },
  patchAccount: {
    summary: 'Change your account',
    description: `Changes the members that you send and leaves the others. \`null\` empties a contact.

A new \`retention_hours\` is true at once, also for events that are stored already: a longer one keeps what has not expired yet, a shorter one hides what is older. What has expired does not come back. A new \`max_deliveries\` is looked at when an event is leased: one that is out on its last delivery stays on it.`,
    tag: 'Account',
    body: {
      description: 'At least one member. Members that are not known are refused.',
      examples: {
        retention: { summary: 'Keep events for a week', value: { retention_hours: 168 } },
        contacts: { summary: 'New contacts', value: { contact_email: 'oncall@acmecorp.example', backup_contact: null } },
      },
    },
    answers: {
      200: {
        description: 'The account as it is now.',
        examples: { acme: { summary: 'A week of retention', value: { ...acme, retention_hours: 168 } } },
      },
    },
    errors: ['unknown_field'],
  },
  getUsage: {
    summary: 'Read your use and limits',
    description: `What you have used of your limits, and every limit of the API in one list. The same figures come with each answer in \`RateLimit\` and \`RateLimit-Policy\`.

The burst limit counts requests: a batch is one, a long poll is one. The monthly quota counts newly accepted events: duplicates and refused ones are free.`,
    tag: 'Account',
    answers: {
      200: {
        description: 'Use and limits.',
        examples: {
          usage: {
            summary: 'Late in the month',
            value: {
              month: '2026-11',
              events_accepted: 3759,
              monthly: { limit: 2_592_000_000, remaining: 2_591_996_241, reset_seconds: 552_600 },
              burst: { limit: 100, remaining: 99, reset_seconds: 1 },
              limits: apiLimits,
            },
          },
        },
      },
    },
  },
};
