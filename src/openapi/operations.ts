import type { OperationDocs } from './operation-docs.ts';
import { account } from './operations/account.ts';
import { deadLetters } from './operations/dead-letters.ts';
import { documentation } from './operations/documentation.ts';
import { events } from './operations/events.ts';
import { health } from './operations/health.ts';
import { inbox } from './operations/inbox.ts';
import { ingestion } from './operations/ingestion.ts';
import { keys } from './operations/keys.ts';
import { leases } from './operations/leases.ts';
import { replay } from './operations/replay.ts';

/** Every operation by the name that its route's config gives it, in the order of the reference. */
export const operations: Record<string, OperationDocs> = {
  ...ingestion,
  ...inbox,
  ...leases,
  ...deadLetters,
  ...replay,
  ...events,
  ...account,
  ...keys,
  ...health,
  ...documentation,
};

/** Pages and files of Swagger UI and of the guide: not part of the API, and may change with them. */
export const undocumentedOperations: ReadonlySet<string> = new Set(['getDocs', 'getGuide']);
