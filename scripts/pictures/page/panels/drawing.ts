import type { DataFrame, FieldConfigSource, GrafanaTheme2, InterpolateFunction } from '@grafana/data';
import type { Panel } from '../dashboard-json.ts';

/** What a panel is drawn from: frames with units and colours applied, and the inner size in pixels. */
export type Drawing = {
  panel: Panel;
  frames: DataFrame[];
  fieldConfig: FieldConfigSource;
  /** Milliseconds since 1970. */
  range: { from: number; to: number };
  theme: GrafanaTheme2;
  replace: InterpolateFunction;
  width: number;
  height: number;
};
