import fc from 'fast-check';
import t from 'tap';
import { startTestApp } from '../helper/app.ts';
import { seedOf } from '../helper/seed-of.ts';
import { commandLists } from './commands/all.ts';
import type { Command } from './commands/command.ts';
import { stock } from './commands/ingest.ts';
import { drain } from './drain.ts';
import { allowShortRetention, newWorld } from './world.ts';

t.jobs = 2;

/** MODEL_SEED chooses another run, MODEL_RUNS makes it longer. */
const seed = seedOf(process.env.MODEL_SEED);
const numRuns = Number(process.env.MODEL_RUNS ?? 200);
const length = 50;

// Most of a run is waiting for commits, so two go on side by side, each with a service and a clock of its own.
for (const half of [0, 1]) {
  t.test(`any ${length} commands do what the model says: ${numRuns / 2} runs, MODEL_SEED=${seed}, half ${half}`, async (t) => {
    const app = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1_000_000 });
    await allowShortRetention(app);
    let now = Date.now();
    let executed = 0;
    const run = async (list: Command[]): Promise<void> => {
      const world = await newWorld(app, now);
      try {
        for (const who of [0, 1]) await stock(who).run(world);
        for (const command of list) {
          await command.run(world);
          executed += 1;
        }
        await drain(world);
      } finally {
        now = world.now + 1;
      }
    };
    const begun = performance.now();
    const property = fc.asyncProperty(commandLists(length), run);
    const options = { seed: seed + half, numRuns: Math.ceil(numRuns / 2), endOnFailure: true };
    const { failed, counterexample } = await fc.check(property, options);
    process.stderr.write(`MODEL_SEED=${seed}, half ${half}: ${executed} commands in ${Math.round(performance.now() - begun)} ms\n`);
    if (!failed) return t.ok(executed >= (numRuns / 2) * length, `${executed} commands`);
    const shortest = await shorten(counterexample?.[0] as Command[], run);
    const difference = await run(shortest).then(() => 'it did not fail once more', messageOf);
    t.fail(
      `MODEL_SEED=${seed}: with eight events in each inbox, the service and the model differ after\n  ${shortest.map(({ name }) => name).join('\n  ')}`,
      {
        difference,
      },
    );
  });
}

const messageOf = (error: Error) => error.message;

/** Leaves out commands as long as what is left fails: half of them, a quarter of them, and in the end one by one. */
async function shorten(list: Command[], run: (list: Command[]) => Promise<void>): Promise<Command[]> {
  let shortest = list;
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < shortest.length; ) {
      const fewer = shortest.toSpliced(start, size);
      const fails = await run(fewer).then(
        () => false,
        () => true,
      );
      if (fails) shortest = fewer;
      else start += size;
    }
  }
  return shortest;
}
