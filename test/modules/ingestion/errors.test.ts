import t from 'tap';
import { writeError } from '../../../src/modules/ingestion/errors.ts';
import { QueueFullError, RowExpiredError } from '../../../src/platform/group-commit.ts';

t.test(
  'an event that found no room, or whose turn did not come in time, is answered 503 with Retry-After and may be sent again',
  async (t) => {
    for (const error of [new QueueFullError('full'), new RowExpiredError('late')]) {
      t.match(writeError(error), { code: 'unavailable', options: { retryAfterSeconds: 1, cause: error } });
    }
  },
);
