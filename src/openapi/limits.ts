import { accountLimits } from '../modules/account/schema.ts';
import { settleLimits } from '../modules/acknowledgement/schema.ts';
import { deadLetterLimits } from '../modules/dead-letters/schema.ts';
import { eventsLimits } from '../modules/events/schema.ts';
import { inboxLimits } from '../modules/inbox/schema.ts';
import { ingestLimits } from '../modules/ingestion/schema.ts';
import { leaseLimits } from '../modules/leases/schema.ts';
import { bulkLimits } from '../modules/replay/schema.ts';
import { maxJsonDepth } from '../pipeline/json-bytes.ts';

/** Every limit that the API enforces on a request, as `GET /v1/usage` shows it: sizes in bytes, times in seconds. */
export const apiLimits: Record<string, number> = {
  event_bytes: ingestLimits.eventBytes,
  batch_bytes: ingestLimits.batchBytes,
  batch_events: ingestLimits.batchEvents,
  metadata_pairs: ingestLimits.metadataPairs,
  metadata_value_bytes: ingestLimits.metadataValueBytes,
  idempotency_key_characters: ingestLimits.idempotencyKeyCharacters,
  json_depth: maxJsonDepth,
  inbox_page_events: inboxLimits.pageEvents,
  inbox_page_bytes: inboxLimits.pageBytes,
  inbox_wait_seconds: inboxLimits.waitSeconds,
  inbox_waits_at_once: inboxLimits.waitsPerPartner,
  event_type_filters: inboxLimits.eventTypeFilters,
  acknowledge_events: settleLimits.events,
  settle_events: settleLimits.events,
  receive_events: leaseLimits.receiveEvents,
  lease_min_seconds: leaseLimits.minSeconds,
  lease_max_seconds: leaseLimits.maxSeconds,
  lease_seconds_in_all: settleLimits.leaseSecondsInAll,
  leases_at_once: leaseLimits.inFlight,
  release_delay_max_seconds: settleLimits.delaySeconds,
  dead_letters_page_events: deadLetterLimits.pageEvents,
  redrive_events: bulkLimits.eventsAtOnce,
  deliveries_min: accountLimits.minDeliveries,
  deliveries_max: accountLimits.maxDeliveries,
  deliveries_default: accountLimits.defaultDeliveries,
  events_page_events: eventsLimits.pageEvents,
  events_page_bytes: eventsLimits.pageBytes,
  retention_min_seconds: accountLimits.minRetentionHours * 3_600,
  retention_max_seconds: accountLimits.maxRetentionHours * 3_600,
  retention_default_seconds: accountLimits.defaultRetentionHours * 3_600,
};
