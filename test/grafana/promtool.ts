import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';

/** Where scripts/test found the programs of Prometheus; by hand, those on the PATH. */
export const programs = {
  promtool: process.env.TEST_PROMTOOL || 'promtool',
  amtool: process.env.TEST_AMTOOL || 'amtool',
  alertmanager: process.env.TEST_ALERTMANAGER || 'prometheus-alertmanager',
  prometheus: process.env.TEST_PROMETHEUS || 'prometheus',
  nodeExporter: process.env.TEST_NODE_EXPORTER || 'prometheus-node-exporter',
  postgresExporter: process.env.TEST_POSTGRES_EXPORTER || 'prometheus-postgres-exporter',
  redisExporter: process.env.TEST_REDIS_EXPORTER || 'prometheus-redis-exporter',
};

export type Outcome = { code: number; output: string };

/** Runs a program to its end; stdout and stderr together. @throws Error when it cannot be started. */
export function run(program: string, args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: error ? (error.code as unknown as number) : 0, output: stdout + stderr });
    });
  });
}

export type ExpressionTest = { expr: string; eval_time: string; exp_samples?: { labels: string; value: number }[] };
export type RuleTest = {
  name?: string;
  interval: string;
  input_series: { series: string; values: string }[];
  promql_expr_test: ExpressionTest[];
};
export type RuleTestFile = { rule_files: string[]; evaluation_interval: string; tests: RuleTest[] };

/** A folder for one test, with files written as YAML. */
export async function folderOf(t: { teardown(fn: () => unknown): unknown }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'triggers-rules-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return {
    path: folder,
    async write(name: string, content: unknown): Promise<string> {
      const file = path.join(folder, name);
      await writeFile(file, typeof content === 'string' ? content : stringify(content, { aliasDuplicateObjects: false }));
      return file;
    },
  };
}

/** Runs `promtool test rules` over many files at once. Gives the files that failed, with what promtool says about each. */
export async function failedTests(files: string[]): Promise<Map<string, string>> {
  const { code, output } = await run(programs.promtool, ['test', 'rules', ...files]);
  const failed = new Map<string, string>();
  const parts = output.split(/^Unit Testing: +/m).slice(1);
  if (parts.length !== files.length)
    throw new Error(`promtool (exit code ${code}) tested ${parts.length} of ${files.length} files:\n${output}`);
  // What fails is said on stderr, which comes after all of stdout: each file's own verdict is in its part, or missing from it.
  for (const part of parts) {
    const [file = '', ...verdict] = part.split('\n');
    if (verdict[0]?.trim() !== 'SUCCESS') failed.set(file.trim(), verdict.join('\n'));
  }
  if (code !== 0 && failed.size === 0) throw new Error(`promtool ended with exit code ${code}:\n${output}`);
  return failed;
}
