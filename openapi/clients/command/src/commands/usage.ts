import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { toSnake } from '../snake.ts';
import { counted, duration, grouped, printable } from '../text.ts';

/** `triggers usage` */
export function addUsage(program: Command, context: Context): void {
  program
    .command('usage')
    .description('what you have used of your limits, and every limit of the API')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const { api } = await context.api(command);
      const usage = await api.usage();
      const { terminal } = context;
      if (json) return terminal.json(toSnake(usage));
      if (!terminal.interactive) {
        await terminal.table([], rows(toSnake(usage) as Usage));
        return;
      }
      const { month, monthly, burst } = usage;
      await terminal.record([
        ['month', `${printable(month)}, ${counted(usage.eventsAccepted, 'new event')}`],
        ['monthly', `${grouped(monthly.remaining)} of ${counted(monthly.limit, 'event')} left, new in ${duration(monthly.resetSeconds)}`],
        ['burst', `${grouped(burst.remaining)} of ${counted(burst.limit, 'request')} left`],
      ]);
      await terminal.print('');
      await terminal.table(
        ['limit', 'value'],
        Object.entries(usage.limits).map(([name, value]) => [name, grouped(value)]),
      );
    });
}

/** As the API has it. */
type Usage = {
  month: string;
  events_accepted: number;
  monthly: Record<string, number>;
  burst: Record<string, number>;
  limits: Record<string, number>;
};

/** Every figure under its name in the API, `monthly.remaining` and the like. */
function rows({ month, events_accepted, monthly, burst, limits }: Usage): string[][] {
  const members = (group: string, record: Record<string, number>) =>
    Object.entries(record).map(([name, value]) => [`${group}.${name}`, String(value)]);
  return [
    ['month', month],
    ['events_accepted', String(events_accepted)],
    ...members('monthly', monthly),
    ...members('burst', burst),
    ...members('limits', limits),
  ];
}
