import { type Dashboard, QueryVariableBuilder, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { metrics } from '../model.ts';
import { scorecard } from './beta-scorecard.ts';
import { type DashboardSpec, dashboardOf } from './dashboard.ts';
import { business } from './overview-business.ts';
import { health } from './overview-health.ts';
import { now } from './overview-now.ts';
import { performance } from './overview-performance.ts';
import { postgres } from './overview-postgres.ts';
import { requests } from './overview-requests.ts';
import { security } from './overview-security.ts';
import { datasource } from './panel.ts';
import { partner } from './partner.ts';
import { sloPanels } from './slo.ts';

const partnerVariable = new QueryVariableBuilder('partner')
  .label('Partner')
  .datasource(datasource)
  .query({ query: `label_values(${metrics.partnerRequests}, partner)`, refId: 'partner' })
  .definition(`label_values(${metrics.partnerRequests}, partner)`)
  .refresh(VariableRefresh.OnTimeRangeChanged)
  .sort(VariableSort.AlphabeticalAsc)
  .build();

export const dashboardSpecs: DashboardSpec[] = [
  {
    uid: 'overview',
    title: 'Overview',
    description: 'Triggers API as operations see it: requests and errors, performance, business, system health, security.',
    groups: [now, requests, performance, business, health, postgres, security],
  },
  {
    uid: 'partner',
    title: 'Partner',
    description: 'One partner, chosen above: what they ask, what they send, what they are refused.',
    groups: partner,
    variables: [partnerVariable],
  },
  {
    uid: 'slo',
    title: 'SLO and error budget',
    description: 'Whether the promised availability is kept, and how fast the error budget is used.',
    groups: sloPanels,
  },
  {
    uid: 'beta-scorecard',
    title: 'Beta scorecard',
    description: 'The success metrics of the beta that the service itself measures, against their targets.',
    groups: scorecard,
    from: 'now-7d',
  },
];

/** Where an alert is seen: titles of dashboards and panels. */
export const panelsOf = (alert: string) =>
  dashboardSpecs.flatMap(({ title, groups }) =>
    groups.flatMap((group) =>
      group.panels.filter(({ alerts }) => alerts.includes(alert)).map(({ panel }) => ({ dashboard: title, panel: panel.title ?? '' })),
    ),
  );

/** The text of grafana/dashboards/<uid>.json. */
export const dashboardText = (spec: DashboardSpec) => `${JSON.stringify(dashboardOf(spec, dashboardSpecs) satisfies Dashboard, null, 2)}\n`;
