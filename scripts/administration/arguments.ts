import { AdminError, exitCodes } from './outcome.ts';

/** More of a key than its prefix, which is all of it that may be shown (src/pipeline/auth/key-format.ts). */
const moreThanPrefix = /sk_(?:beta|test|live)_[a-z0-9]{2,24}_[0-9A-Za-z]{7}/;

/**
 * Refuses a command line with a key in it, whatever it is there for: as a name, or in a reason that the audit log would keep. The key is not repeated.
 * @throws AdminError
 */
export function refuseWholeKeys(args: readonly string[]): void {
  if (!args.some((each) => moreThanPrefix.test(each))) return;
  throw new AdminError(
    exitCodes.usage,
    'that is a whole key: name it by its number or prefix, and consider it leaked: others on this machine see arguments, and shells keep them',
  );
}
