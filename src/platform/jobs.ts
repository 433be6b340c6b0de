import { PgBoss } from 'pg-boss';

export type Job = {
  name: string;
  /** Cron, UTC. Across all replicas each beat runs once. */
  schedule: string;
  /** `signal` is aborted when the process is about to end: what is under way is brought to its end, and nothing more is begun. */
  run(signal?: AbortSignal): Promise<void>;
};

export type Jobs = {
  /**
   * Starts no more jobs, tells those under way, and waits for them up to `deadlineMs` (a second at least). One that takes longer counts as failed
   * and is tried again, here or elsewhere.
   */
  stop(deadlineMs?: number): Promise<void>;
};

export type JobsOptions = {
  databaseUrl: string;
  jobs: Job[];
  /** Seconds between looks at the queue. */
  pollSeconds?: number;
  onError(error: unknown, job?: string): void;
};

const defaultStopMs = 2_000;

const connection = (connectionString: string) => ({
  connectionString,
  connectionTimeoutMillis: 5_000,
  application_name: 'triggers-api-jobs',
});

/** Makes the tables of the queue, or brings them to this version: a part of the migrations, because the server's role needs no right to it. */
export async function installJobs(databaseUrl: string): Promise<void> {
  const boss = new PgBoss({ ...connection(databaseUrl), max: 1, supervise: false, schedule: false });
  let failure: unknown;
  boss.on('error', (error) => {
    failure ??= error;
  });
  await boss.start();
  await boss.stop({ graceful: false });
  if (failure) throw failure;
}

/**
 * Background jobs on the same Postgres (pg-boss): whichever replica takes a beat from the queue runs it, the others do not. A job that fails is
 * tried again with back-off; none may overlap with itself.
 * @throws Error when the queue's tables are missing or of another version: the migrations have not run.
 */
export async function startJobs({ databaseUrl, jobs, pollSeconds = 10, onError }: JobsOptions): Promise<Jobs> {
  const ending = new AbortController();
  const boss = new PgBoss({ ...connection(databaseUrl), max: 2, migrate: false });
  boss.on('error', (error) => onError(error));
  await boss.start();
  for (const { name, schedule, run } of jobs) {
    await boss.createQueue(name, { policy: 'exclusive', retryLimit: 3, retryBackoff: true, expireInSeconds: 600 });
    await boss.schedule(name, schedule, {});
    await boss.work(name, { pollingIntervalSeconds: pollSeconds }, async () => {
      try {
        await run(ending.signal);
      } catch (error) {
        onError(error, name);
        throw error;
      }
    });
  }
  return {
    async stop(deadlineMs = defaultStopMs) {
      ending.abort();
      await boss.stop({ graceful: true, timeout: deadlineMs });
    },
  };
}
