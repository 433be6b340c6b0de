import { type Command, Option } from 'commander';
import {
  type CheckName,
  checkNames,
  listBetaSlugs,
  type PartnerCheck,
  requirePartners,
  verifyPartners,
} from '../../src/modules/partners/verify.ts';
import { type Connection, withDatabase } from './database.ts';
import { type FileFormat, fileFormats, readImportFile } from './import-file.ts';
import { checkRows, type ImportRow } from './import-rows.ts';
import { integer } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { printJson, printTable, progress, say } from './output.ts';

type VerifyOptions = { file?: string; format?: FileFormat; count?: number; rate: number; monthly: number; json?: boolean };

/** `admin partners verify` */
export function addVerifyCommand(partners: Command): void {
  partners
    .command('verify [slugs...]')
    .description('whether everything is there for the beta: key, limits, expiry, vault, mail, channel, kickoff call')
    .addHelpText('before', examples)
    .addHelpText('after', checkHelp)
    .option('--file <file>', 'those of a file for import, with its limits; "-" is the standard input')
    .addOption(new Option('--format <format>', 'of the file (default: by its name)').choices([...fileFormats]))
    .option('--count <n>', 'how many partners there must be', integer(0, 1_000_000))
    .option('--rate <n>', 'requests a second that each must have', integer(1, 10_000_000), 100)
    .option('--monthly <n>', 'events a month that each must have', integer(0, Number.MAX_SAFE_INTEGER), 2_592_000_000)
    .option('--json', 'print JSON')
    .action(verify);
}

async function verify(slugs: string[], options: VerifyOptions): Promise<void> {
  const { file, json } = options;
  if (file !== undefined && slugs.length > 0) throw new AdminError(exitCodes.usage, 'name partners or a file, not both');
  const rows = file === undefined ? undefined : await readRows(file, options.format);
  await withDatabase(async (connection) => {
    const named = rows ? [...rows.keys()] : await findSlugs(connection, slugs);
    const partners = await check(connection, named, rows, options);
    const count = partners.filter(({ status }) => status !== 'missing').length;
    const expected = options.count ?? rows?.size ?? null;
    const isCounted = expected === null || count === expected;
    const ok = partners.length > 0 && isCounted && partners.every((partner) => partner.ok);
    if (json) printJson({ count, expected, ok, partners: partners.map((partner) => withMends(partner, file)) });
    else printTable(partners.map(toTableRow), ['slug', 'partner_id', 'status', ...checkNames]);
    const problems = partners.flatMap((partner) => problemsOf(partner, file));
    for (const problem of problems.slice(0, mostProblems)) say(problem);
    if (problems.length > mostProblems) say(`and ${problems.length - mostProblems} more, which the table and --json show`);
    if (partners.length === 0) say('there is no partner to verify: ./scripts/admin partners import FILE');
    if (!isCounted) say(`there are ${count} partners, not ${expected}`);
    if (!ok) {
      const ready = partners.filter((partner) => partner.ok).length;
      throw new AdminError(exitCodes.failed, `${ready} of ${partners.length} partners are ready`);
    }
    say(`${count} partners are ready`);
  });
}

/** Lines of what is missing: more than that nobody reads. */
const mostProblems = 20;

/** The rows of a file by slug. @throws AdminError when one of them cannot be used: it could not be said whether its partner is as it should be. */
async function readRows(file: string, format: FileFormat | undefined): Promise<Map<string, NonNullable<ImportRow['wanted']>>> {
  const rows = checkRows(await readImportFile(file, format));
  const bad = rows.filter(({ wanted }) => !wanted);
  for (const { line, errors = [] } of bad) {
    // A terminal would act upon control characters.
    for (const { column, message } of errors) say(`line ${line}: ${column ? `${column}: ` : ''}${message}`.replace(/\p{C}/gu, '?'));
  }
  if (bad.length > 0) throw new AdminError(exitCodes.failed, `${bad.length} of ${rows.length} rows of ${file} cannot be used`);
  return new Map(rows.flatMap(({ wanted }) => (wanted ? [[wanted.slug, wanted] as const] : [])));
}

async function findSlugs({ db }: Connection, slugs: string[]): Promise<string[]> {
  if (slugs.length === 0) return listBetaSlugs(db);
  await requirePartners(db, slugs);
  return [...new Set(slugs)];
}

async function check(
  { db, secrets }: Connection,
  slugs: string[],
  rows: Awaited<ReturnType<typeof readRows>> | undefined,
  { rate, monthly }: VerifyOptions,
): Promise<PartnerCheck[]> {
  const bar = await progress(slugs.length, 'verifying');
  try {
    return await verifyPartners(db, secrets(), slugs, {
      expected(slug) {
        const { fields = {}, key } = rows?.get(slug) ?? {};
        const { rate_limit_per_sec = rate, rate_limit_per_month = monthly, rate_limit_burst } = fields;
        return { limits: { rate_limit_per_sec, rate_limit_per_month, rate_limit_burst }, keyClass: key?.keyClass ?? 'beta' };
      },
      onChecked: ({ slug }) => bar.advance(1, slug),
    });
  } finally {
    bar.done();
  }
}

/** What a partner lacks, one line for each command that mends something: `acme: mailed, channel, kickoff: ./scripts/admin onboard acme`. */
function problemsOf(partner: PartnerCheck, file: string | undefined): string[] {
  const { slug, status, checks } = partner;
  if (status === 'missing') return [`${slug}: no such partner: ${mendOf('key', partner, file)}`];
  const missing = checkNames.filter((name) => !checks[name].ok);
  const lines = [...Map.groupBy(missing, (name) => mendOf(name, partner, file))].map(([mend, names]) => {
    const [only] = names;
    const what = names.length === 1 && only ? `${only} (${checks[only].detail})` : names.join(', ');
    return `${slug}: ${what}: ${mend}`;
  });
  return status === 'suspended' ? [`${slug}: suspended: ./scripts/admin partners resume ${slug}`, ...lines] : lines;
}

/** The command that makes a check ok. */
function mendOf(name: CheckName, { slug, status, key_id }: PartnerCheck, file: string | undefined): string {
  const admin = './scripts/admin';
  if (status === 'missing') return `${admin} partners import ${file}`;
  // What concerns the key is mended by a key, where there is none.
  if (key_id === null && ['key', 'expiry', 'vaulted'].includes(name)) return `${admin} keys issue ${slug} --expires 180d`;
  switch (name) {
    case 'key':
    case 'vaulted':
      return `${admin} keys rotate ${key_id}`;
    case 'limits':
      return file === undefined ? `${admin} partners change ${slug} --rate … --monthly …` : `${admin} partners import ${file} --update`;
    case 'expiry':
      return `${admin} keys change ${key_id} --expires 180d`;
    default:
      return `${admin} onboard ${slug}`;
  }
}

function withMends(partner: PartnerCheck, file: string | undefined) {
  const { checks, ...shown } = partner;
  const mended = checkNames.map((name) => [name, checks[name].ok ? checks[name] : { ...checks[name], mend: mendOf(name, partner, file) }]);
  return { ...shown, checks: Object.fromEntries(mended) };
}

function toTableRow({ slug, partner_id, status, checks }: PartnerCheck): Record<string, unknown> {
  return { slug, partner_id, status, ...Object.fromEntries(checkNames.map((name) => [name, checks[name].ok ? '✓ ok' : '– missing'])) };
}

const examples = `Examples:
  ./scripts/admin partners verify --count 10
  ./scripts/admin partners verify --file partners.csv --json
  ./scripts/admin partners verify acme globex
`;

const checkHelp = `
Without names: everybody who has or had a beta key, and who has no key at all yet.
What is checked of each:
  key      a key that is not revoked, of the published form sk_beta_<slug>_…
  limits   requests a second and events a month, as by --rate and --monthly or the file
  expiry   the key's, set and in the future
  vaulted  the vault opens the key, and the servers know it
  mailed   the welcome mail was sent
  channel  the Slack channel was made
  kickoff  the kickoff call has a time`;
