import { type DataFrame, standardTransformers, standardTransformersRegistry, transformDataFrame } from '@grafana/data';
import type { Panel } from './dashboard-json.ts';

standardTransformersRegistry.setInit(() =>
  // Some of them stand there under two names.
  [...new Set(Object.values(standardTransformers))].map((transformer) => ({
    id: transformer.id,
    name: transformer.name,
    description: transformer.description,
    transformation: () => Promise.resolve(transformer),
    imageDark: '',
    imageLight: '',
    // No editor is opened here.
    editor: () => null,
  })),
);

/** The frames after the panel's transformations (join, rename, hide, sort …), in their order. */
export function transformed(panel: Panel, frames: DataFrame[]): Promise<DataFrame[]> {
  const steps = (panel.transformations ?? []).filter(({ disabled }) => !disabled);
  return new Promise((resolve, reject) => {
    transformDataFrame(steps, frames).subscribe({ next: resolve, error: reject });
  });
}
