import type { DataTransformerConfig, FieldConfigSource } from '@grafana/data';
import type { Part } from './parts.ts';

/** The parts of a dashboard's JSON that are drawn. */
export type Dashboard = {
  title: string;
  uid: string;
  panels: Panel[];
  time?: { from: string; to: string };
  templating?: { list: Variable[] };
  links?: { title: string }[];
};

export type Panel = {
  id: number;
  /** `row`, or the name of a panel plugin. */
  type: string;
  title?: string;
  description?: string;
  /** Columns of 24, and rows of 30 px. */
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  fieldConfig?: FieldConfigSource;
  options?: Record<string, unknown>;
  transformations?: DataTransformerConfig[];
  /** Smallest step, as in `30s`. */
  interval?: string;
  maxDataPoints?: number;
  transparent?: boolean;
  /** Of a row that is shut: its panels. */
  panels?: Panel[];
  collapsed?: boolean;
};

export type Target = {
  refId: string;
  expr: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
  interval?: string;
  hide?: boolean;
};

export type Variable = {
  name: string;
  type: string;
  label?: string;
  /** 1 hides the label, 2 the variable. */
  hide?: number | string;
  /** PromQL of the variable's options, as `label_values(metric, label)`; Grafana has kept it in three shapes. */
  query?: string | { query?: string };
  definition?: string;
  current?: { text?: string | string[]; value?: string | string[] };
  allValue?: string;
  regex?: string;
};

/** What the page is asked to draw. */
export type DrawRequest = {
  dashboard: Dashboard;
  /** Base URL of Prometheus, without a slash at its end. */
  prometheus: string;
  /** The scrape interval as the data source has it, as in `10s`. */
  scrapeInterval: string;
  /** Milliseconds since 1970, and the range in words. */
  range: { from: number; to: number; words: string };
  /** Chosen values of variables, by name. */
  variables: Record<string, string>;
  theme: 'dark' | 'light';
};

/** What came of one panel. */
export type PanelResult = { title: string; type: string; state: 'drawn' | 'no data' | 'error'; message?: string };

/** What has been drawn, and which pieces of the page are to be pictures. */
export type Drawn = { panels: PanelResult[]; parts: Part[] };
