import { type FlushTrigger, GroupCommit, type GroupCommitOptions } from '../../src/platform/group-commit.ts';
import { type CommitCall, FakeCommit } from './fake-commit.ts';

export const dataFault = Object.assign(new Error('a value cannot be stored'), { fault: 'data' as const });
export const retryFault = Object.assign(new Error('the connection is lost'), { fault: 'retry' as const });
export const bugFault = Object.assign(new Error('the statement is wrong'), { fault: 'bug' as const });

/** Rows are texts; `key:rest` has the identity `key`; the result of a row is its text in capitals. */
export function queueOf(overrides: Partial<GroupCommitOptions<string, string>> = {}) {
  const fake = new FakeCommit<string, string>();
  const batches: { rows: number; trigger: FlushTrigger }[] = [];
  const time = { now: 0 };
  const queue = new GroupCommit<string, string>({
    name: 'test',
    commit: fake.commit,
    classify: (error) => (error as { fault: 'retry' | 'data' | 'bug' }).fault,
    size: (row) => row.length,
    identity: (row) => (row.includes(':') ? row.split(':', 1)[0] : undefined),
    maxInFlight: 2,
    maxBatchRows: 10,
    maxBatchBytes: 1_000,
    maxQueuedRows: 100,
    maxQueuedBytes: 10_000,
    maxRowAgeMs: 3_000,
    now: () => time.now,
    onBatch: (batch) => batches.push(batch),
    ...overrides,
  });
  return { queue, fake, batches, time };
}

export const given = ({ rows, attempt }: CommitCall<string, string>) => ({ rows, attempt });
export const capitals = (rows: string[]) => rows.map((row) => row.toUpperCase());
export const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `r${index + from}`);
