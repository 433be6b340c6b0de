/**
 * The seed of a test by random inputs, from an environment variable: a number repeats a run, `random` explores. Without one it is always the same, so
 * that a build fails for what was changed and not for its luck.
 */
export function seedOf(given: string | undefined): number {
  if (given === undefined) return 20_261_124;
  return given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}
