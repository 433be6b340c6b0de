import { renderMarkdown } from '@grafana/data';
import { createElement, type ReactNode } from 'react';
import type { Drawing } from './drawing.ts';

/** Markdown, as Grafana renders and cleans it. */
export function text({ panel, replace, height }: Drawing): ReactNode {
  const content = String(panel.options?.content ?? '');
  const html = { __html: renderMarkdown(replace(content)) };
  // biome-ignore lint/security/noDangerouslySetInnerHtml: renderMarkdown removes whatever could run.
  return createElement('div', { className: 'markdown-html', style: { maxHeight: height }, dangerouslySetInnerHTML: html });
}
