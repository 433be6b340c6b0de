import fc from 'fast-check';
import t from 'tap';
import { startTestApp } from '../helper/app.ts';
import { commands, drain } from './commands.ts';
import { allowShortRetention, newWorld, type World } from './world.ts';

/** MODEL_SEED repeats a run, MODEL_RUNS makes it longer. */
const seed = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.MODEL_RUNS ?? 200);

t.test(`any 50 commands do what the model says: ${numRuns} runs, seed ${seed}`, { timeout: 600_000 }, async (t) => {
  const app = await startTestApp(t, { AUTH_FAILURES_PER_MINUTE: 1_000_000 });
  await allowShortRetention(app);
  let now = Date.now();
  let executed = 0;
  const property = fc.asyncProperty(fc.array(commands, { minLength: 50, maxLength: 50, size: 'max' }), async (list) => {
    const world: World = await newWorld(app, now);
    const done: string[] = [];
    try {
      for (const command of list) {
        done.push(command.name);
        await command.run(world);
        executed += 1;
      }
      await drain(world);
    } catch (error) {
      throw new Error(`after\n  ${done.join('\n  ')}\n${(error as Error).message}`, { cause: error });
    } finally {
      now = world.now + 1;
    }
  });
  const result = await fc.check(property, { seed, numRuns, endOnFailure: true });
  t.equal(result.failed, false, result.failed ? `seed ${seed}: ${(result.errorInstance as Error | null)?.message}` : 'none differs');
  t.ok(result.failed || executed >= numRuns * 50, `${executed} commands`);
});
