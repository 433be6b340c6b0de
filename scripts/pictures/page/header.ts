import { createElement, type ReactNode } from 'react';

/** What stands above the panels: the title, the variables with their values, and the range of time. */
export function header(title: string, variables: { label: string; value: string }[], range: string): ReactNode {
  const chip = (label: string, value: string) =>
    createElement('span', { key: label, className: 'chip' }, createElement('span', { className: 'chip-label' }, label), value);
  return createElement(
    'header',
    { className: 'top' },
    createElement('h1', {}, title),
    createElement('div', { className: 'chips' }, [...variables.map(({ label, value }) => chip(label, value)), chip('Range', range)]),
  );
}
