import { CliError, exitCodes } from './outcome.ts';

/** More of a key than the prefix that may be shown: class, partner and 7 of its 36 characters. */
const moreThanPrefix = /sk_(?:beta|test|live)_[a-z0-9]{2,24}_[0-9A-Za-z]{7}/;

/** Refuses a command line with a key in it, whatever it is there for. The key is not repeated. @throws CliError */
export function refuseKeys(args: readonly string[]): void {
  if (!args.some((each) => moreThanPrefix.test(each))) return;
  throw new CliError(
    exitCodes.usage,
    'that is an API key: others on this machine see arguments, and shells keep them, so consider it leaked',
    'Rotate it. Give keys by TRIGGERS_API_KEY in the environment, or by `triggers login`.',
  );
}
