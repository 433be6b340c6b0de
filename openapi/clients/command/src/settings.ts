import { CliError, exitCodes } from './outcome.ts';
import { readProfiles, usualProfile } from './profiles.ts';

/** Where the service is and with which key to ask it. `from` says where both stand, for people. */
export type Settings = { url: string; key: string; from: string };

type Env = Record<string, string | undefined>;

/**
 * The key of the environment, or else of a profile. A profile's key goes only to the profile's own server: a variable that is left over from other
 * work must not send it elsewhere. `name` is that of --profile, which comes before the environment. @throws CliError
 */
export async function settingsOf(env: Env, name: string | undefined): Promise<Settings> {
  const variables = fromEnvironment(env);
  if (name === undefined && variables.key !== undefined) {
    const url = variables.url ?? (await readProfiles(env)).get(env.TRIGGERS_PROFILE || usualProfile)?.url;
    if (url !== undefined) return { url: checkedUrl(url), key: checkedKey(variables.key), from: 'the environment' };
    throw new CliError(exitCodes.usage, 'no address of the service', 'Set TRIGGERS_API_URL to it, such as https://api.example.com.');
  }
  const wanted = name ?? (env.TRIGGERS_PROFILE || usualProfile);
  const profile = (await readProfiles(env)).get(wanted);
  if (!profile) throw noProfile(wanted, name !== undefined || Boolean(env.TRIGGERS_PROFILE));
  if (name === undefined && variables.url !== undefined && checkedUrl(variables.url) !== profile.url) {
    throw new CliError(
      exitCodes.usage,
      `the environment names another server than the profile "${wanted}", whose key goes to ${profile.url} alone`,
      'Set TRIGGERS_API_KEY too, or unset TRIGGERS_API_URL and API_URL, or name the profile with --profile.',
    );
  }
  return { ...profile, from: `the profile "${wanted}"` };
}

/** TRIGGERS_API_KEY and TRIGGERS_API_URL, or else API_KEY and API_URL. */
export function fromEnvironment(env: Env): { url: string | undefined; key: string | undefined } {
  return { url: env.TRIGGERS_API_URL || env.API_URL || undefined, key: env.TRIGGERS_API_KEY || env.API_KEY || undefined };
}

/** An address as it is used and kept: without a slash at the end. @throws CliError */
export function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new CliError(exitCodes.usage, 'the address of the service must be like https://api.example.com');
  }
  return url.href.replace(/\/+$/, '');
}

/** A key that can stand in a header. Whether it is good the service says. @throws CliError without the key. */
export function checkedKey(text: string): string {
  const key = text.trim();
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new CliError(exitCodes.usage, 'the API key is not one: it is a single word of letters, digits and "_"');
}

function noProfile(name: string, asked: boolean): CliError {
  if (asked) return new CliError(exitCodes.usage, `there is no profile "${name}"`, `Make it: triggers login --profile ${name}`);
  return new CliError(exitCodes.usage, 'no API key', 'Set TRIGGERS_API_KEY and TRIGGERS_API_URL, or run: triggers login');
}
