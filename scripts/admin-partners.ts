import type { Command } from 'commander';
import { createPartner, listKeys, listPartners, resumePartner, showPartner, suspendPartner } from '../src/modules/partners/store.ts';
import { withDatabase } from './admin-database.ts';
import { integer, line } from './admin-options.ts';
import { confirm, printJson, printRecord, printTable, say } from './admin-output.ts';

type CreateOptions = {
  name?: string;
  rate?: number;
  burst?: number;
  monthly?: number;
  retentionHours?: number;
  contactEmail?: string;
  contactPhone?: string;
  slackChannel?: string;
  primaryContact?: string;
  backupContact?: string;
  json?: boolean;
};

/** `admin partners …` */
export function addPartnerCommands(program: Command): void {
  const partners = program.command('partners').description('who may use the API, and how much').addHelpText('before', examples);

  partners
    .command('create <slug>')
    .description('add a partner; it can do nothing before it has a key')
    .addHelpText('before', examples)
    .option('--name <text>', 'name for people (default: the slug)', line)
    .option('--rate <n>', 'requests a second (default: 100)', integer(1, 10_000_000))
    .option('--burst <n>', 'requests at once (default: the same as --rate)', integer(1, 10_000_000))
    .option('--monthly <n>', 'events a month (default: 2592000000)', integer(0, Number.MAX_SAFE_INTEGER))
    .option('--retention-hours <n>', 'how long events are kept (default: 72)', integer(1, 720))
    .option('--contact-email <text>', 'address for mail', line)
    .option('--contact-phone <text>', 'number to call', line)
    .option('--slack-channel <text>', 'such as #acme-beta', line)
    .option('--primary-contact <text>', 'whom to talk to', line)
    .option('--backup-contact <text>', 'whom to talk to otherwise', line)
    .option('--json', 'print JSON')
    .action(create);

  partners
    .command('list')
    .description('all partners, oldest first')
    .option('--json', 'print JSON')
    .action(({ json }) =>
      withDatabase(async ({ db }) => {
        const all = await listPartners(db);
        if (json) printJson(all);
        else printTable(all, ['partner_id', 'slug', 'partner_name', 'status', 'rate_limit_per_sec', 'rate_limit_per_month', 'created_at']);
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

  partners
    .command('suspend <slug>')
    .description('answer all its requests 403 until it is resumed')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action((slug, { yes, json }) =>
      withDatabase(async ({ db }) => {
        await showPartner(db, slug);
        await confirm(`Suspend the partner "${slug}"`, yes);
        const partner = await suspendPartner(db, slug);
        if (json) printJson(partner);
        else say(`${slug} is suspended; every replica refuses it within a second`);
      }),
    );

  partners
    .command('resume <slug>')
    .description('end a suspension')
    .option('--json', 'print JSON')
    .action((slug, { json }) =>
      withDatabase(async ({ db }) => {
        const partner = await resumePartner(db, slug);
        if (json) printJson(partner);
        else say(`${slug} is active`);
      }),
    );
}

async function create(slug: string, options: CreateOptions): Promise<void> {
  const partner = await withDatabase(({ db }) =>
    createPartner(db, {
      slug,
      name: options.name,
      limits: {
        ratePerSecond: options.rate,
        burst: options.burst,
        monthlyQuota: options.monthly,
        retentionHours: options.retentionHours,
      },
      contacts: {
        contact_email: options.contactEmail,
        contact_phone: options.contactPhone,
        slack_channel: options.slackChannel,
        primary_contact: options.primaryContact,
        backup_contact: options.backupContact,
      },
    }),
  );
  if (options.json) return printJson(partner);
  printRecord(partner);
  say(`next: ./scripts/admin keys issue ${slug}`);
}

const examples = `Examples:
  ./scripts/admin partners create acme --name 'Acme Corp' --contact-email integration@acme.example
  ./scripts/admin partners create acme --rate 500 --retention-hours 168
  ./scripts/admin partners show acme --json
  ./scripts/admin partners suspend acme
`;
