import fc, { type Arbitrary } from 'fast-check';
import { expunge, redrive, redriveByFilter, redriveByIds, replay, replayMany, throwAway } from './bring-back.ts';
import type { Command } from './command.ts';
import { post, postBatch } from './ingest.ts';
import { journey } from './journey.ts';
import { revoke, rotate, useOldKey } from './keys.ts';
import { acknowledgeMany, holdToTheLimit, receive, settle, settleMany } from './lease.ts';
import { list, lookUp, lookUpDead, stats, walk, walkDeadLetters } from './read.ts';
import { hoursPass, pass, passToEnd, retentionRuns } from './time.ts';

type Kind = { weight: number; arbitrary: Arbitrary<Command> };

/** What every run has. */
const always: Kind[] = [
  { weight: 8, arbitrary: post },
  { weight: 8, arbitrary: postBatch },
  { weight: 16, arbitrary: receive },
  { weight: 20, arbitrary: settle },
  { weight: 3, arbitrary: walk },
  { weight: 10, arbitrary: pass },
];

/** What a run has some of: of few kinds there are more, and those meet more often. */
const sometimes: Kind[] = [
  { weight: 8, arbitrary: settleMany },
  { weight: 4, arbitrary: acknowledgeMany },
  { weight: 4, arbitrary: journey },
  { weight: 8, arbitrary: replay },
  { weight: 8, arbitrary: redrive },
  { weight: 5, arbitrary: redriveByFilter },
  { weight: 5, arbitrary: redriveByIds },
  { weight: 5, arbitrary: replayMany },
  { weight: 4, arbitrary: expunge },
  { weight: 4, arbitrary: throwAway },
  { weight: 6, arbitrary: lookUp },
  { weight: 4, arbitrary: lookUpDead },
  { weight: 5, arbitrary: walkDeadLetters },
  { weight: 6, arbitrary: list },
  { weight: 5, arbitrary: stats },
  { weight: 8, arbitrary: passToEnd },
  { weight: 2, arbitrary: hoursPass },
  { weight: 2, arbitrary: holdToTheLimit },
  { weight: 4, arbitrary: retentionRuns },
  { weight: 2, arbitrary: rotate },
  { weight: 3, arbitrary: useOldKey },
  { weight: 1, arbitrary: revoke },
];

/** The commands of a run. Without fast-check's bias to the ends of ranges, by which time would always pass in great steps. */
export function commandLists(length: number): Arbitrary<Command[]> {
  const kinds = fc.subarray(sometimes, { minLength: 6, maxLength: 12 });
  return fc.noBias(kinds.chain((some) => fc.array(fc.oneof(...always, ...some), { minLength: length, maxLength: length, size: 'max' })));
}
