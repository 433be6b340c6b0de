import type { TSchema } from '@sinclair/typebox';
import type { ErrorCode } from '../pipeline/errors/catalogue.ts';
import type { RequestHeader, ResponseHeader } from './headers.ts';
import type { Json } from './json-schema.ts';

export type Examples = Record<string, { summary: string; value: unknown }>;

/** A body in one media type. */
export type Content = { schema: TSchema | Json; examples: Examples };

export type Answer = {
  description: string;
  examples: Examples;
  /** Beside those that every answer of its kind has. */
  headers?: ResponseHeader[];
  /** `application/json` unless named. */
  mediaType?: string;
  /** For answers whose route has no schema of its own. */
  schema?: Json;
  /** By media type, what the answer may be instead when the request's `Accept` prefers it. */
  otherContent?: Record<string, Content>;
};

/**
 * What the document says of an operation beyond what its route says by itself. Path, method, scope, limit, parameters and schemas come from the
 * route; errors that follow from those (401, 413, 429, …) are added by rule and not named here.
 */
export type OperationDocs = {
  summary: string;
  /** Markdown, for somebody who is writing a client and in a hurry. */
  description: string;
  tag: Tag;
  /** `operationId` of a further path of the same operation. */
  otherPaths?: Record<string, string>;
  headers?: RequestHeader[];
  body?: {
    description: string;
    examples: Examples;
    required?: boolean;
    /** In place of the route's schema, where handlers check what a validator could not answer as precisely. */
    schema?: TSchema;
    /** By media type, what the body may be instead. */
    otherContent?: Record<string, Content>;
  };
  answers: Record<number, Answer>;
  /** Codes of its own. */
  errors?: ErrorCode[];
  /** The key is looked at when one is sent, though none is needed. */
  optionalKey?: true;
};

/** Sections of the reference, in order of reading. */
export const tags = {
  Ingest: 'Push events in. Answered after they are safely stored.',
  Inbox: 'Read what has not been acknowledged yet, oldest first, and acknowledge what you have handled.',
  Leases: 'For several workers that share an inbox: each event goes to one of them at a time.',
  'Dead letters': 'What no worker could handle: look at it, bring it back or throw it away.',
  Replay: 'Get back what you acknowledged too early. Replays and redrives do not count against your monthly quota.',
  Events: 'Look events up in whatever state they are, follow along, and take payloads away.',
  Account: 'Your settings, keys, limits and use.',
  Health: 'Whether the service is well. Not limited.',
  Documentation: 'This description and the list of errors. Not limited.',
} as const;

export type Tag = keyof typeof tags;
