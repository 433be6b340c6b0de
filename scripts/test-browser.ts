import { installPackages, mayInstall, pathOf } from './test-packages.ts';

/** What the browser of the tests may be called on the PATH. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const missingText = `There is no Chromium for the tests in a browser. One of these helps:
  - install it (Debian: sudo apt-get install chromium; macOS: brew install --cask chromium)
  - set TEST_CHROMIUM to the program`;

/**
 * Path of Chromium, as the environment of the tests: the one given, else the one on the PATH, else Debian's package when we may install it.
 * @throws Error that says what to do when there is no way.
 */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): { TEST_CHROMIUM: string } {
  const find = () => env.TEST_CHROMIUM || names.map(pathOf).find(Boolean);
  let found = find();
  if (!found && mayInstall()) {
    installPackages(['chromium'], missingText);
    found = find();
  }
  if (!found) throw new Error(missingText);
  return { TEST_CHROMIUM: found };
}
