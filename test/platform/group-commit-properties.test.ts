import fc from 'fast-check';
import t from 'tap';
import { GroupCommit, RowExpiredError } from '../../src/platform/group-commit.ts';
import { turn } from './fake-commit.ts';

type Row = { index: number; identity: string | undefined; bytes: number; poison: boolean };
type Fault = Error & { fault: 'retry' | 'data' | 'bug' };

const limits = { maxInFlight: 2, maxBatchRows: 5, maxBatchBytes: 40, maxRowAgeMs: 10 };
const fault = (kind: Fault['fault']): Fault => Object.assign(new Error(kind), { fault: kind });

/** What a commit does when nothing is wrong with its rows; `lost` commits and says that the connection was lost. */
const outcome = fc.constantFrom('committed', 'committed', 'committed', 'retry', 'lost', 'bug');
const submission = fc.record({
  identity: fc.constantFrom(undefined, undefined, 'k', 'l'),
  bytes: fc.integer({ min: 1, max: 60 }),
  poison: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
  turnsBefore: fc.integer({ min: 0, max: 2 }),
  /** Submitted together with those before it, as the rows of one request. */
  joined: fc.boolean(),
});
const commits = fc.array(fc.record({ outcome, turns: fc.integer({ min: 0, max: 3 }) }), { minLength: 1, maxLength: 30 });

t.test('whatever commits do, every row is answered exactly once, with its own result, and bounds and identities hold', async (t) => {
  // The pauses between attempts are of no interest here: each becomes a turn of the event loop.
  t.intercept(globalThis, 'setTimeout', { value: (callback: () => void) => setImmediate(callback), writable: true, configurable: true });
  const property = fc.asyncProperty(fc.array(submission, { maxLength: 40 }), commits, async (submissions, script) => {
    const world = new World(script);
    const queue = new GroupCommit<Row, number>({
      ...limits,
      name: 'property',
      maxQueuedRows: 1_000,
      maxQueuedBytes: 1_000_000,
      commit: (rows) => world.commit(rows),
      classify: (error) => (error as Fault).fault,
      size: (row) => row.bytes,
      identity: (row) => row.identity,
      owner: (row) => row.bytes % 2,
      now: () => world.calls,
    });
    const answers = new Map<number, unknown[]>();
    const answered = (index: number, answer: unknown) => void answers.set(index, [...(answers.get(index) ?? []), answer]);
    const pending: Promise<void>[] = [];
    let request: Row[] = [];
    for (const [index, { turnsBefore, joined, ...rest }] of submissions.entries()) {
      request.push({ index, ...rest });
      if (submissions[index + 1]?.joined) continue;
      for (let i = 0; i < turnsBefore; i++) await turn();
      const rows = request;
      request = [];
      const [only] = rows as [Row];
      pending.push(rows.length === 1 ? single(only) : many(rows));
    }

    async function single(row: Row): Promise<void> {
      try {
        answered(row.index, await queue.submit(row));
      } catch (error) {
        answered(row.index, error);
      }
    }

    async function many(rows: Row[]): Promise<void> {
      for (const [i, { result, error }] of (await queue.submitAll(rows)).entries()) answered((rows[i] as Row).index, result ?? error);
    }

    await queue.drain();
    await Promise.all(pending);
    check(submissions, answers, world);
    if (queue.queuedRows !== 0 || queue.inFlight !== 0) throw new Error('rows are left after drain');
  });
  await fc.assert(property, { numRuns: 300 });
  t.pass('300 worlds');
});

/** The database of one run: follows its script, notes what it committed, and watches what must hold at every commit. */
class World {
  readonly committed = new Map<number, number>();
  readonly orderOf = new Map<string, number[]>();
  calls = 0;
  readonly #script: { outcome: string; turns: number }[];
  #underWay = 0;
  readonly #busy = new Set<string>();

  constructor(script: { outcome: string; turns: number }[]) {
    this.#script = script;
  }

  async commit(rows: Row[]): Promise<number[]> {
    const step = this.#script[this.calls++ % this.#script.length] as { outcome: string; turns: number };
    const identities = rows.map(({ identity }) => identity).filter((identity) => identity !== undefined);
    this.#underWay += 1;
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    if (this.#underWay > limits.maxInFlight) throw new Error('too many batches under way');
    if (rows.length === 0 || rows.length > limits.maxBatchRows) throw new Error(`a batch of ${rows.length} rows`);
    if (rows.length > 1 && bytes > limits.maxBatchBytes) throw new Error(`a batch of ${bytes} bytes`);
    if (new Set(identities).size < identities.length || identities.some((each) => this.#busy.has(each))) throw new Error('twins under way');
    for (const identity of identities) this.#busy.add(identity);
    try {
      for (let i = 0; i < step.turns; i++) await turn();
      if (rows.some((row) => row.poison)) throw fault('data');
      if (step.outcome === 'retry' || step.outcome === 'bug') throw fault(step.outcome);
      for (const row of rows) this.#store(row);
      if (step.outcome === 'lost') throw fault('retry');
      return rows.map(({ index }) => index);
    } finally {
      this.#underWay -= 1;
      for (const identity of identities) this.#busy.delete(identity);
    }
  }

  #store({ index, identity }: Row): void {
    if (!this.committed.has(index) && identity !== undefined) this.orderOf.set(identity, [...(this.orderOf.get(identity) ?? []), index]);
    this.committed.set(index, (this.committed.get(index) ?? 0) + 1);
  }
}

function check(submitted: { poison: boolean }[], answers: Map<number, unknown[]>, world: World): void {
  for (const [index, { poison }] of submitted.entries()) {
    const given = answers.get(index) ?? [];
    if (given.length !== 1) throw new Error(`row ${index} was answered ${given.length} times`);
    const [answer] = given;
    if (answer instanceof RowExpiredError) {
      if (world.committed.has(index)) throw new Error(`row ${index} was refused as expired and is stored`);
      continue;
    }
    if (answer instanceof Error && !('fault' in answer)) throw answer;
    const refusedFor = answer instanceof Error ? (answer as Fault).fault : undefined;
    if (refusedFor === 'data' && !poison) throw new Error(`row ${index} is good and was refused as bad`);
    if (poison && refusedFor !== 'data' && refusedFor !== 'retry') throw new Error(`row ${index} is bad and was not refused`);
    if (typeof answer === 'number' && answer !== index) throw new Error(`row ${index} got the result of row ${answer}`);
    if (typeof answer === 'number' && !world.committed.has(index)) throw new Error(`row ${index} was answered before its commit`);
  }
  for (const order of world.orderOf.values()) {
    if (order.some((index, i) => i > 0 && index < (order[i - 1] as number))) throw new Error('twins were stored out of order');
  }
}
