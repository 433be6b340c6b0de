import { burnRates, metrics, recorded, slo, thresholds } from '../model.ts';
import type { Group } from './layout.ts';
import { bands, bars, dial, figure, lines } from './panel-kinds.ts';
import { orElse, orZero, orZeroFor } from './queries.ts';
import { whileAlerting } from './scraped.ts';
import { atLeast, atMost, drawn } from './thresholds.ts';

const budget = 1 - slo.availability;
const budgetMinutes = budget * slo.budgetDays * 24 * 60;
const percent = `${slo.availability * 100} %`;
/** Without a single request nothing has been used. */
const left = orElse(recorded.budgetRemaining, 1);
const available = (ratio: string) => orElse(`1 - (${ratio} >= 0)`, 1);
const shown = ['1h', '6h', '1d', '3d'] as const;
const yellowAndRed = atLeast(slo.availability, 1 - budget / 2);
const names = burnRates.map(({ name }) => name);

export const sloPanels: Group[] = [
  {
    panels: [
      dial({
        title: 'Error budget left',
        description: `Of the ${Math.round(budgetMinutes)} minutes of full outage that ${percent} allows in ${slo.budgetDays} days. Below 0: the promise is broken.`,
        unit: 'percentunit',
        queries: [{ expr: left, legend: 'left' }],
        thresholds: atLeast(0, thresholds.budgetLeftWarning),
        min: -0.2,
        max: 1,
        height: 6,
        alerts: names,
      }),
      figure({
        title: 'Budget left in minutes',
        description: 'Minutes of nothing but errors that may still happen.',
        unit: 'm',
        queries: [{ expr: `(${left}) * ${Math.round(budgetMinutes * 10) / 10}`, legend: 'left' }],
        thresholds: atLeast(0, budgetMinutes * thresholds.budgetLeftWarning),
        decimals: 1,
        height: 6,
        alerts: names,
      }),
      ...shown.map((window) =>
        figure({
          title: `Availability, ${window}`,
          description: `Answers of the last ${window} that are not errors of the service; promised are ${percent}.`,
          unit: 'percentunit',
          queries: [{ expr: available(recorded.errorRatio(window)), legend: window }],
          thresholds: yellowAndRed,
          decimals: 3,
          height: 6,
        }),
      ),
    ],
  },
  {
    title: 'Budget',
    panels: [
      lines({
        title: 'Error budget over time',
        description: `What was left of it, over the ${slo.budgetDays} days before each moment. A steep fall is an outage; a slow one is a defect that nobody has noticed.`,
        unit: 'percentunit',
        queries: [{ expr: left, legend: 'left' }],
        thresholds: drawn(0, thresholds.budgetLeftWarning),
        min: undefined,
        max: 1,
        floor: 0,
        width: 12,
        alerts: names,
      }),
      lines({
        title: 'Availability over windows',
        description: `Part of the answers that are not errors of the service. ${percent} are promised over ${slo.budgetDays} days.`,
        unit: 'percentunit',
        queries: [
          ...shown.map((window) => ({ expr: available(recorded.errorRatio(window)), legend: window })),
          { expr: available(recorded.errorRatioBudget), legend: `${slo.budgetDays}d` },
        ],
        thresholds: drawn(slo.availability),
        min: undefined,
        max: 1,
        floor: slo.availability - 2 * budget,
        width: 12,
      }),
    ],
  },
  {
    title: 'Burn rates',
    panels: [
      bars({
        title: 'Burn rate by window',
        description: `How many times faster than it lasts the budget is used. 1 would use up exactly the budget of ${slo.budgetDays} days in ${slo.budgetDays} days.`,
        unit: 'none',
        queries: slo.windows.map((window) => ({ expr: orZero(recorded.burnRate(window)), legend: window })),
        thresholds: atMost(burnRates[0]?.factor ?? 1, 1),
        max: 20,
        width: 12,
        alerts: names,
      }),
      bands({
        title: 'Alerts of the budget',
        description: 'When each of them fired.',
        unit: 'none',
        queries: [
          {
            expr: orZeroFor(
              `max by (alertname) (${metrics.alerts}{alertstate="firing",alertname=~"${names.join('|')}"})`,
              'alertname',
              names,
              whileAlerting,
            ),
            legend: '{{alertname}}',
          },
        ],
        texts: { '0': { text: 'quiet', color: 'green' }, '1': { text: 'fires', color: 'red' } },
        alerts: names,
      }),
      ...burnRates.map(({ factor, long, short, pages, name }) =>
        lines({
          title: `Burn over ${long} and ${short}`,
          description: `Both above ${factor}: ${pages ? 'somebody is woken up' : 'a ticket'}. The long window says that it matters, the short one that it still goes on.`,
          unit: 'none',
          queries: [long, short].map((window) => ({ expr: orZero(recorded.burnRate(window)), legend: window })),
          thresholds: atMost(factor),
          ceiling: factor,
          width: 12,
          alerts: [name],
        }),
      ),
    ],
  },
  {
    title: 'Where the errors come from',
    panels: [
      lines({
        title: 'Errors per second',
        description: 'Errors of the service; the dashboard Overview has them by status and operation.',
        unit: 'reqps',
        queries: [{ expr: orZero(recorded.errorRate), legend: 'errors' }],
        width: 12,
        alerts: ['HighErrorRate'],
      }),
      lines({
        title: 'Requests per second',
        description: `What the ratios are made of. Below ${thresholds.minimumRequestRate} a second they call nobody: one failed request of three is not an outage.`,
        unit: 'reqps',
        queries: [{ expr: orZero(recorded.requestRate), legend: 'requests' }],
        width: 12,
      }),
    ],
  },
];
