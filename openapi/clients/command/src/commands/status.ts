import type { Command } from 'commander';
import type { Api } from '../api.ts';
import type { Context } from '../context.ts';
import { CliError, exitCodes } from '../outcome.ts';
import { missingScope } from '../refusals.ts';
import { toSnake } from '../snake.ts';
import type { Terminal } from '../terminal.ts';
import { counted, duration, grouped, printable } from '../text.ts';

/** `triggers status` */
export function addStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description('check the key and the service; show the account, the inbox and what is left of the limits')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const { api, settings } = await context.api(command);
      const status = await look(api);
      const { terminal } = context;
      if (json) await terminal.json(toSnake({ url: settings.url, ...status }));
      else await terminal.record(lines(terminal, { url: settings.url, from: settings.from, ...status }));
    });
}

type Answer<Call extends keyof Api> = Awaited<ReturnType<Api[Call]>>;
type Health = Answer<'health'>;
type Without = { missingScope: string };
type Status = {
  health: Health;
  account: Answer<'account'> | Without;
  usage: Answer<'usage'> | Without;
  inbox: Answer<'inboxStats'> | Without;
};

/** The key is checked first: when it is refused, that is all there is to say. What its scopes do not allow is left out. */
async function look(api: Api): Promise<Status> {
  const health = await api.health();
  // The others need the database: without it they would be tried in vain.
  if (!health.serving)
    throw new CliError(exitCodes.away, `the service is out of order${health.reason ? `: ${printable(health.reason)}` : ''}`);
  const [account, usage, inbox] = await Promise.all([allowed(api.account()), allowed(api.usage()), allowed(api.inboxStats())]);
  return { health, account, usage, inbox };
}

async function allowed<Value>(asked: Promise<Value>): Promise<Value | Without> {
  try {
    return await asked;
  } catch (error) {
    const scope = missingScope(error);
    if (scope === undefined) throw error;
    return { missingScope: scope };
  }
}

type Shown = Status & { url: string; from: string };

function lines(terminal: Terminal, { url, from, health, account, usage, inbox }: Shown): [string, string][] {
  const good = (text: string) => terminal.style('green', text);
  const sick = (text: string) => terminal.style('yellow', text);
  const all: [string, string][] = [
    ['key', `${good('good')} (from ${printable(from)})`],
    [
      'service',
      `${health.status === 'healthy' ? good('healthy') : sick(`${printable(health.status)}: ${troubles(health)}; requests are answered`)}`,
    ],
    ['address', `${printable(url)} (version ${printable(health.version)})`],
  ];
  if ('missingScope' in account) all.push(['account', without(account)]);
  else all.push(['account', `${printable(account.partnerId)} ${printable(account.partnerName)}`]);
  if ('missingScope' in inbox) all.push(['inbox', without(inbox)]);
  else all.push(['inbox', inboxText(inbox)]);
  if ('missingScope' in usage) all.push(['limits', without(usage)]);
  else {
    all.push(['burst', `${grouped(usage.burst.remaining)} of ${counted(usage.burst.limit, 'request')} left`]);
    all.push([
      'month',
      `${grouped(usage.monthly.remaining)} of ${counted(usage.monthly.limit, 'event')} left, new in ${duration(usage.monthly.resetSeconds)}`,
    ]);
  }
  if (!('missingScope' in account)) all.push(['retention', `${account.retentionHours} h, at most ${account.maxDeliveries} deliveries`]);
  return all;
}

/** Which dependencies are not well. */
function troubles({ dependencies, reason }: Health): string {
  const names = Object.entries(dependencies).flatMap(([name, { status }]) => (status === 'unhealthy' ? [name] : []));
  return printable([...names, ...(reason ? [reason] : [])].join(', '));
}

function inboxText(stats: Answer<'inboxStats'>): string {
  const oldest = stats.oldestPendingSeconds === null ? '' : ` (oldest ${duration(stats.oldestPendingSeconds)})`;
  return `${grouped(stats.pending)} pending${oldest}, ${grouped(stats.leased)} leased, ${grouped(stats.delayed)} delayed, ${counted(stats.deadLetters, 'dead letter')}`;
}

function without({ missingScope }: Without): string {
  return `not shown: the key lacks the scope ${printable(missingScope)}`;
}
