import { scrapeJobs } from '../model.ts';
import { linkTo } from './panel.ts';
import { whileScraped } from './scraped.ts';

/** The window of a rate of a raw counter: Grafana makes it of the step and the interval of the scrapes. */
export const step = '$__rate_interval';

export const api = `job="${scrapeJobs.api.job}"`;

/** Sum of a counter's rate by some labels; all of it without any. */
export const rateOf = (selector: string, ...by: string[]) => `sum${by.length ? ` by (${by.join(', ')}) ` : ''}(rate(${selector}[${step}]))`;

const isBare = (expr: string) => /^[\w:]+(\{[^}]*\})?$/.test(expr);

/**
 * Another value where there is none, for an answer without labels, and only while that is the truth: without a look at the API there is no value. A bare series loses its name: with it, `or` would make two series over time, the one with the
 * name, and the value of the moments before it began.
 */
export const orElse = (expr: string, value: number, condition = whileScraped) =>
  `${isBare(expr) ? `sum(${expr})` : expr} or vector(${value}) ${condition}`;

/** 0 where nothing has happened yet: an empty panel would leave open whether it is broken. A recorded ratio is not a number while there are no requests: that is 0, too. */
export const orZero = (expr: string, condition = whileScraped) => orElse(isBare(expr) ? `sum(${expr} >= 0)` : expr, 0, condition);

/** The same for an answer with exactly one label: 0 for each of these values of it that has nothing yet. */
export const orZeroFor = (expr: string, label: string, values: readonly string[], condition = whileScraped) =>
  [
    isBare(expr) ? `sum by (${label}) (${expr})` : expr,
    ...values.map((value) => `label_replace(vector(0), "${label}", "${value}", "", "") ${condition}`),
  ].join(' or ');

/** The same figure now, an hour and a day ago. */
export const compared = (expr: string) => [
  { expr, legend: 'now' },
  { expr: `${expr} offset 1h`, legend: '1 h ago' },
  { expr: `${expr} offset 24h`, legend: '24 h ago' },
];

const dashed = (color: string) => [
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } },
  { id: 'custom.fillOpacity', value: 0 },
  { id: 'color', value: { mode: 'fixed', fixedColor: color } },
];

/** The past is dashed and grey: it is there to be compared with. */
export const comparedStyles = [
  { series: '1 h ago', properties: dashed('purple') },
  { series: '24 h ago', properties: dashed('gray') },
];

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's template.
const seriesPartner = '${__field.labels.partner}';

/** From a series with the label `partner` to that partner’s dashboard, with the same data source and range of time. A link of data keeps neither by itself. */
export const toPartner = linkTo(
  `Dashboard of ${seriesPartner}`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's template.
  `/d/partner?var-partner=${seriesPartner}${'&${datasource:queryparam}&${__url_time_range}'}`,
);
