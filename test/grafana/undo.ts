/** What the starting functions of tests take: somebody who does these things at the end. tap's `t` is one. */
export type Teardown = { teardown(step: () => unknown): unknown };

/** The same without a test: `undo` does what was handed to `teardown`, the last first, and all of it even when a step fails. */
export function undoList(): Teardown & { undo(): Promise<void> } {
  const steps: (() => unknown)[] = [];
  return {
    teardown: (step) => steps.push(step),
    async undo() {
      const failures: unknown[] = [];
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
