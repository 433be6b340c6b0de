import { readFile, writeFile } from 'node:fs/promises';
import { alertmanagerOutsideText, alertmanagerText } from '../grafana/src/alertmanager.ts';
import { alertsPageText } from '../grafana/src/alerts-page.ts';
import { dashboardSpecs, dashboardText } from '../grafana/src/dashboards/index.ts';
import { postgresQueriesText } from '../grafana/src/postgres-queries.ts';
import { alertsText, prometheusText, recordingText } from '../grafana/src/rule-files.ts';
import { clientTypes } from '../openapi/clients/typescript/generate.ts';
import { configurationTable } from './configuration-table.ts';
import { errorsPageText } from './guide/errors-page.ts';
import { llmsText } from './guide/llms.ts';
import { withSamples } from './guide/samples.ts';
import { openApiText } from './openapi.ts';
import { postmanText } from './postman.ts';
import { dumpSchema } from './schema-dump.ts';

/**
 * `npm run generate` writes every generated file that is committed; `npm run verify` (`--check`) writes none and fails on the first
 * difference, naming file and line. Names given as arguments choose among them, by the beginning of the path.
 */
type Generator = {
  /** Path from the root of the repository. */
  file: string;
  /** The whole new text of the file, given the present one (`undefined`: there is none). Nothing: the file is not wanted. */
  text(present: string | undefined): Promise<string | undefined> | string | undefined;
};

const generators: Generator[] = [
  { file: 'README.md', text: configurationTable },
  { file: 'migrations/schema.sql', text: dumpSchema },
  { file: 'openapi/openapi.json', text: openApiText },
  { file: 'openapi/postman.json', text: postmanText },
  { file: 'openapi/clients/typescript/src/openapi.ts', text: clientTypes },
  { file: 'prometheus/prometheus.yml', text: prometheusText },
  { file: 'prometheus/postgres-queries.yml', text: postgresQueriesText },
  { file: 'prometheus/rules/recording.yml', text: recordingText },
  { file: 'prometheus/rules/alerts.yml', text: alertsText },
  { file: 'prometheus/alertmanager.yml', text: alertmanagerText },
  { file: 'prometheus/alertmanager-outside.yml', text: alertmanagerOutsideText },
  { file: 'docs/alerts.md', text: alertsPageText },
  ...dashboardSpecs.map((spec) => ({ file: `grafana/dashboards/${spec.uid}.json`, text: () => dashboardText(spec) })),
  {
    file: 'docs/errors.md',
    text: async () => errorsPageText(await readFile(new URL('../docs/troubleshooting.md', import.meta.url), 'utf8')),
  },
  { file: 'docs/patterns.md', text: withSamples },
  { file: 'docs/public/llms.txt', text: llmsText },
];

const check = process.argv.includes('--check');
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const wanted = generators.filter(({ file }) => chosen.length === 0 || chosen.some((name) => file.startsWith(name)));
if (wanted.length === 0) {
  console.error(`nothing is generated under ${chosen.join(', ')}; there are ${generators.map(({ file }) => file).join(', ')}`);
  process.exit(2);
}
for (const { file, text } of wanted) {
  const place = new URL(`../${file}`, import.meta.url);
  const present = await readFile(place, 'utf8').catch(() => undefined);
  const made = await text(present);
  if (made === undefined || made === present) continue;
  if (check) {
    console.error(`${file} is not what would be generated now: ${firstDifference(present, made)}; run npm run generate`);
    process.exitCode = 1;
  } else {
    await writeFile(place, made);
    console.log(`wrote ${file}`);
  }
}

function firstDifference(present: string | undefined, made: string): string {
  if (present === undefined) return 'it is missing';
  const [old, fresh] = [present.split('\n'), made.split('\n')];
  const index = fresh.findIndex((line, at) => line !== old[at]);
  const at = index === -1 ? fresh.length : index;
  return `line ${at + 1} is ${JSON.stringify(old[at] ?? null)}, generated ${JSON.stringify(fresh[at] ?? null)}`;
}
