/** Milliseconds since the epoch. Injected everywhere a rule depends on the time, so that a test can stand at 71:59:59.999. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
