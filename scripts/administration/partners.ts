import type { Command } from 'commander';
import type { PartnerFields } from '../../src/modules/partners/partner-fields.ts';
import {
  changePartner,
  createPartner,
  listKeys,
  listPartners,
  resumePartner,
  showPartner,
  suspendPartner,
} from '../../src/modules/partners/store.ts';
import { withDatabase } from './database.ts';
import { addExamples } from './help.ts';
import { addImportCommands } from './import.ts';
import { channel, email, integer, line, partnerId } from './options.ts';
import { AdminError, exitCodes } from './outcome.ts';
import { confirm, printJson, printRecord, printTable, say } from './output.ts';

type PartnerOptions = {
  name?: string;
  rate?: number;
  burst?: number;
  monthly?: number;
  retentionHours?: number;
  maxDeliveries?: number;
  contactEmail?: string;
  contactPhone?: string;
  slackChannel?: string;
  primaryContact?: string;
  backupContact?: string;
  reason?: string;
  json?: boolean;
};

/** `admin partners …` */
export function addPartnerCommands(program: Command): void {
  const partners = program.command('partners').description('who may use the API, and how much');

  withSettings(partners.command('create <slug>'))
    .description('add a partner; it can do nothing before it has a key')
    .option('--partner-id <text>', 'such as beta_000001 (default: made of its number)', partnerId)
    .action(create);

  partners
    .command('list')
    .description('all partners, oldest first, each with its newest good key')
    .option('--json', 'print JSON')
    .action(({ json }) =>
      withDatabase(async ({ db }) => {
        const all = await listPartners(db);
        if (json) printJson(all);
        else
          printTable(all, [
            'partner_id',
            'slug',
            'partner_name',
            'status',
            'key_prefix',
            'expires_at',
            'rate_limit_per_sec',
            'rate_limit_per_month',
          ]);
      }),
    );

  partners
    .command('show <slug>')
    .description('one partner and its keys')
    .option('--json', 'print JSON')
    .action((slug, { json }) =>
      withDatabase(async ({ db }) => {
        const partner = await showPartner(db, slug);
        const keys = await listKeys(db, slug);
        if (json) printJson({ ...partner, keys });
        else printRecord({ ...partner, keys: keys.map(({ key_prefix, status }) => `${key_prefix} (${status})`) });
      }),
    );

  withSettings(partners.command('change <slug>'))
    .description("change a partner's name, limits or contacts; what is not given stays")
    .action(change);

  partners
    .command('suspend <slug>')
    .description('answer all its requests 403 until it is resumed')
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(suspend);

  partners
    .command('resume <slug>')
    .description('end a suspension')
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--json', 'print JSON')
    .action((slug, { reason, json }) =>
      withDatabase(async ({ change }) => {
        const partner = await change((transaction) => resumePartner(transaction, slug), reason);
        if (json) printJson(partner);
        else say(`${slug} is active`);
      }),
    );

  addImportCommands(partners);
  addExamples(partners, examples);
}

function withSettings(command: Command): Command {
  return command
    .option('--name <text>', 'name for people (a new one: the slug)', line)
    .option('--rate <n>', 'requests a second (a new one: 100)', integer(1, 10_000_000))
    .option('--burst <n>', 'requests at once (a new one: the same as --rate)', integer(1, 10_000_000))
    .option('--monthly <n>', 'events a month (a new one: 2592000000)', integer(0, Number.MAX_SAFE_INTEGER))
    .option('--retention-hours <n>', 'how long events are kept (a new one: 72)', integer(1, 720))
    .option('--max-deliveries <n>', 'leases of an event before it is a dead letter (a new one: 10)', integer(1, 100))
    .option('--contact-email <text>', 'address for mail', email)
    .option('--contact-phone <text>', 'number to call', line)
    .option('--slack-channel <text>', 'such as #acme-beta', channel)
    .option('--primary-contact <text>', 'whom to talk to', line)
    .option('--backup-contact <text>', 'whom to talk to otherwise', line)
    .option('--reason <text>', 'why, for the audit log', line)
    .option('--json', 'print JSON');
}

/** What the options say, under the names of the record. */
function fieldsOf(options: PartnerOptions): Partial<PartnerFields> {
  const fields = {
    partner_name: options.name,
    rate_limit_per_sec: options.rate,
    rate_limit_burst: options.burst,
    rate_limit_per_month: options.monthly,
    retention_hours: options.retentionHours,
    max_deliveries: options.maxDeliveries,
    contact_email: options.contactEmail,
    contact_phone: options.contactPhone,
    slack_channel: options.slackChannel,
    primary_contact: options.primaryContact,
    backup_contact: options.backupContact,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

async function create(slug: string, { partnerId, ...options }: PartnerOptions & { partnerId?: string }): Promise<void> {
  const partner = await withDatabase(({ change }) =>
    change((transaction) => createPartner(transaction, { slug, partnerId, fields: fieldsOf(options) }), options.reason),
  );
  if (options.json) return printJson(partner);
  printRecord(partner);
  say(`next: ./scripts/admin keys issue ${slug} --expires 180d`);
}

type SuspendOptions = { reason?: string; dryRun?: boolean; yes?: boolean; json?: boolean };

async function suspend(slug: string, { reason, dryRun = false, yes, json }: SuspendOptions): Promise<void> {
  await withDatabase(async ({ db, change }) => {
    const before = await showPartner(db, slug);
    if (!dryRun) await confirm(`Suspend the partner "${slug}"`, yes);
    const partner = dryRun ? before : await change((transaction) => suspendPartner(transaction, slug), reason);
    if (json) printJson({ dry_run: dryRun, ...partner });
    else if (!dryRun) say(`${slug} is suspended; every replica refuses it within a second`);
    else if (before.status === 'suspended') say(`${slug} is suspended already; nothing would be done`);
    else say(`${slug} would be suspended; nothing was done`);
  });
}

async function change(slug: string, options: PartnerOptions): Promise<void> {
  const fields = fieldsOf(options);
  if (Object.keys(fields).length === 0) throw new AdminError(exitCodes.usage, 'nothing to change: --help shows what can be');
  const partner = await withDatabase(({ change }) =>
    change((transaction) => changePartner(transaction, slug, fields, Date.now()), options.reason),
  );
  if (options.json) printJson(partner);
  else printRecord(partner);
}

const examples = [
  "./scripts/admin partners create acme --name 'Acme Corp' --contact-email integration@acme.example",
  './scripts/admin partners import partners.csv --json',
  './scripts/admin partners verify --count 10',
  './scripts/admin partners list --json',
  "./scripts/admin partners change acme --rate 500 --reason 'contract of May'",
  './scripts/admin partners show acme --json',
  "./scripts/admin partners suspend acme --reason 'unpaid'",
  './scripts/admin partners resume acme',
];
