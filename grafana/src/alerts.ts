import type { Alert } from './alert.ts';
import { budgetAlerts } from './alerts-budget.ts';
import { deliveryAlerts } from './alerts-delivery.ts';
import { dependencyAlerts } from './alerts-dependencies.ts';
import { jobAlerts } from './alerts-jobs.ts';
import { saturationAlerts } from './alerts-saturation.ts';
import { securityAlerts } from './alerts-security.ts';
import { serviceAlerts } from './alerts-service.ts';
import { runbookUrl } from './model.ts';

/** Every alert, by group; the groups are those of prometheus/rules/alerts.yml and the sections of docs/alerts.md. */
export const alertGroups: { name: string; title: string; alerts: Alert[] }[] = [
  { name: 'service', title: 'The service as partners see it', alerts: serviceAlerts },
  { name: 'budget', title: 'The error budget', alerts: budgetAlerts },
  { name: 'dependencies', title: 'What the service needs', alerts: dependencyAlerts },
  { name: 'saturation', title: 'What is filling up', alerts: saturationAlerts },
  { name: 'jobs', title: 'Jobs, keys and certificates', alerts: jobAlerts },
  { name: 'delivery', title: 'Partners and costs', alerts: deliveryAlerts },
  { name: 'security', title: 'Security', alerts: securityAlerts },
];

export const alerts: Alert[] = alertGroups.flatMap((group) => group.alerts);

export const anchorOf = (alert: Alert) => alert.name.toLowerCase();

export const runbookUrlOf = (alert: Alert) => `${runbookUrl}#${anchorOf(alert)}`;
