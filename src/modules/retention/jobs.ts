import type pg from 'pg';
import type { Clock } from '../../platform/clock.ts';
import type { Job } from '../../platform/jobs.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { sweepDeadLetters, sweepJobs, sweepReceives, sweepSecrets } from './dated-store.ts';
import { dropPartitions, makePartitions, sweepAcknowledgements, sweepEvents, sweepIdempotencyKeys, sweepInbox } from './store.ts';

export type RetentionOptions = { pool: pg.Pool; clock: Clock; metrics: Metrics };

const sweeps = [sweepAcknowledgements, sweepEvents, sweepDeadLetters, sweepReceives, sweepJobs, sweepSecrets, sweepIdempotencyKeys];

/** The jobs that make room ahead and give space back behind. Any of them may be late by days without harm to an event. */
export function retentionJobs({ pool, clock, metrics }: RetentionOptions): Job[] {
  return [
    {
      name: 'partitions',
      schedule: '7 * * * *',
      async run() {
        await makePartitions(pool, clock());
        await dropPartitions(pool, clock());
      },
    },
    {
      name: 'retention-sweep',
      schedule: '* * * * *',
      async run(signal) {
        metrics.eventsExpired.inc(await sweepInbox(pool, clock()));
        for (const sweep of sweeps) {
          // The process is about to end: the rest is for the next beat.
          if (signal?.aborted) return;
          await sweep(pool, clock());
        }
        metrics.retentionRunAt.set(clock() / 1000);
      },
    },
  ];
}
