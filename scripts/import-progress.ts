import { type Progress, progress } from './admin-output.ts';

/**
 * A bar during which Ctrl-C is a signal like any other. By itself the bar reads the keyboard key by key, takes Ctrl-C for a wish to end at once with
 * exit code 0, and keeps SIGINT from ending the process: a check that was broken off would look like one that found nothing wrong.
 */
export async function interruptibleProgress(
  max: number,
  message: string,
  onInterrupt: () => void = () => process.exit(130),
): Promise<Progress> {
  const bar = await progress(max, message);
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  process.once('SIGINT', onInterrupt);
  return {
    advance: bar.advance,
    done(message) {
      process.off('SIGINT', onInterrupt);
      bar.done(message);
    },
  };
}
