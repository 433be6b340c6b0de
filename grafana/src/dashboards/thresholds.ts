import type { Steps } from './panel.ts';

const [green, yellow, red] = ['green', 'yellow', 'red'] as const;

/** More is worse: red from `limit` on, yellow from `warning` on. */
export const atMost = (limit: number, warning?: number): Steps => ({
  base: green,
  steps: [...(warning === undefined ? [] : [{ value: warning, color: yellow }]), { value: limit, color: red }],
});

/** Less is worse: red below `limit`, yellow below `comfortable`. */
export const atLeast = (limit: number, comfortable?: number): Steps => ({
  base: red,
  steps: [
    { value: limit, color: comfortable === undefined ? green : yellow },
    ...(comfortable === undefined ? [] : [{ value: comfortable, color: green }]),
  ],
});

/** A figure that is neither good nor bad. */
export const plain: Steps = { base: 'text', steps: [] };

/** Lines at a lower limit, for panels over time: there the colour of the line counts, and not that of what is above it. */
export const drawn = (limit: number, warning?: number): Steps => ({
  base: 'transparent',
  steps: [{ value: limit, color: red }, ...(warning === undefined ? [] : [{ value: warning, color: yellow }])],
});
