import type { OperationDocs } from '../operation-docs.ts';
import { inboxEvent } from './inbox.ts';

export const deadLetter = {
  ...inboxEvent,
  expires_at: '2026-11-27T10:31:07.456Z',
  delivery: { count: 3, replayed: false },
  reason: 'rejected',
  detail: 'the order is not known here',
  dead_lettered_at: '2026-11-24T10:31:07.456Z',
  redrivable_until: inboxEvent.expires_at,
};

export const deadLetters: Record<string, OperationDocs> = {
  getDeadLetters: {
    summary: 'List the dead letters',
    description: `Events that a worker has rejected, or that were delivered as often as your account allows and never settled. Newest first, by \`dead_lettered_at\`.

- They are kept for your retention from \`dead_lettered_at\` on: \`expires_at\` says until when.
- A redrive brings them back into the inbox, while the event itself has not expired: \`redrivable_until\`.
- \`cursor\` walks the list once. It is good for the same \`reason\` and \`event_type\`.`,
    tag: 'Dead letters',
    answers: {
      200: {
        description: 'A page of dead letters; none is 200 too.',
        headers: ['NoStore'],
        examples: {
          deadLetters: {
            summary: 'One, and more behind it',
            value: { dead_letters: [deadLetter], count: 1, has_more: true, next_cursor: 'MDFhMjBkMWEtZjRiYi03MDAwLTlmM2M.c2lnbmF0dXJl' },
          },
          none: { summary: 'None', value: { dead_letters: [], count: 0, has_more: false, next_cursor: null } },
        },
      },
    },
    errors: ['invalid_cursor'],
  },
  getDeadLetter: {
    summary: 'Look at a dead letter',
    description: 'One dead letter, whole. An event that is no dead letter is 404, also when it is in the inbox or acknowledged.',
    tag: 'Dead letters',
    answers: {
      200: {
        description: 'The dead letter.',
        headers: ['NoStore'],
        examples: { deadLetter: { summary: 'A rejected event', value: deadLetter } },
      },
    },
    errors: ['event_not_found'],
  },
  deleteDeadLetter: {
    summary: 'Throw a dead letter away',
    description: `Deletes the event for good, from the dead letters and from the history: nobody can redrive, replay or look it up any more. A second time is 404.

There is no need to: dead letters leave by themselves when they expire.`,
    tag: 'Dead letters',
    answers: {
      200: {
        description: 'It is gone.',
        examples: { deleted: { summary: 'Deleted', value: { event_id: inboxEvent.event_id, status: 'deleted' } } },
      },
    },
    errors: ['event_not_found'],
  },
};
