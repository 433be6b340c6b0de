export type { AcknowledgeSummary } from './acknowledge.ts';
export type { Api, Schemas } from './api.ts';
export type { BatchItem, BatchItemError, BatchOptions, BatchSummary } from './batch.ts';
export {
  type DeadLetterOptions,
  type ListOptions,
  type MoveResult,
  type PeekOptions,
  type RedriveCommand,
  type ReplayCommand,
  type SendResult,
  Triggers,
} from './client.ts';
export * from './errors.ts';
export type { DeadLetter, EventDetails, InboxEvent, JsonObject, ListedEvent, Page } from './events.ts';
export type { InboxOptions } from './inbox.ts';
export type { LeasedEvent, Settled } from './leased-event.ts';
export type { components, operations, paths } from './openapi.ts';
export type { TriggersOptions } from './options.ts';
export type { OutgoingEvent, SendOptions } from './outgoing.ts';
export { RawJson } from './raw-payload.ts';
export type { ReceiveOptions } from './receive.ts';
export type { Backoff } from './retry.ts';
export type { CallOptions } from './transport.ts';
export { version } from './version.ts';
export type { Handler, WorkOptions } from './work.ts';
