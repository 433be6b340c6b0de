import { PgBoss } from 'pg-boss';

export type Job = {
  name: string;
  /** Cron, UTC. Across all replicas each beat runs once. */
  schedule: string;
  run(): Promise<void>;
};

export type Jobs = { stop(): Promise<void> };

export type JobsOptions = {
  databaseUrl: string;
  jobs: Job[];
  /** Seconds between looks at the queue. */
  pollSeconds?: number;
  onError(error: unknown, job?: string): void;
};

/**
 * Background jobs on the same Postgres (pg-boss): whichever replica takes a beat from the queue runs it, the others do not. A job that fails is
 * tried again with back-off; none may overlap with itself.
 */
export async function startJobs({ databaseUrl, jobs, pollSeconds = 10, onError }: JobsOptions): Promise<Jobs> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: 2, application_name: 'triggers-api-jobs' });
  boss.on('error', (error) => onError(error));
  await boss.start();
  for (const { name, schedule, run } of jobs) {
    await boss.createQueue(name, { policy: 'exclusive', retryLimit: 3, retryBackoff: true, expireInSeconds: 600 });
    await boss.schedule(name, schedule, {});
    await boss.work(name, { pollingIntervalSeconds: pollSeconds }, async () => {
      try {
        await run();
      } catch (error) {
        onError(error, name);
        throw error;
      }
    });
  }
  return { stop: () => boss.stop({ graceful: true, timeout: 2_000 }) };
}
