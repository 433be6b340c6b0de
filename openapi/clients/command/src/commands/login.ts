import type { Command } from 'commander';
import { connect } from '../api.ts';
import type { Context } from '../context.ts';
import { profileName } from '../options.ts';
import { CliError, exitCodes } from '../outcome.ts';
import { readProfiles, usualProfile, writeProfiles } from '../profiles.ts';
import { secret } from '../prompts.ts';
import { checkedKey, checkedUrl, fromEnvironment } from '../settings.ts';
import { printable } from '../text.ts';

/** `triggers login` and `triggers logout` */
export function addLogin(program: Command, context: Context): void {
  program
    .command('login')
    .description('keep a key for the next commands: asked for unseen, or read from stdin, and checked before it is kept')
    .option('--url <address>', 'of the service; unless given, TRIGGERS_API_URL or API_URL')
    .option('--json', 'print JSON')
    .action(async ({ url, json }: { url?: string; json?: boolean }, command: Command) => {
      const { surroundings, terminal } = context;
      const address = url ?? fromEnvironment(surroundings.env).url;
      if (address === undefined) throw new CliError(exitCodes.usage, 'no address of the service', 'Give it: --url https://api.example.com');
      const name = nameOf(context, command);
      const profiles = await readProfiles(surroundings.env);
      const profile = { url: checkedUrl(address), key: checkedKey(await secret(surroundings, `API key for ${checkedUrl(address)}: `)) };
      await connect(profile, surroundings.signal).health();
      const file = await writeProfiles(surroundings.env, profiles.set(name, profile));
      if (json) await terminal.json({ profile: name, url: profile.url, file });
      else terminal.say(`the key is good; kept as the profile "${name}" in ${printable(file)}`);
    });

  program
    .command('logout')
    .description('forget a kept key; the key itself stays good')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const { surroundings, terminal } = context;
      const name = nameOf(context, command);
      const profiles = await readProfiles(surroundings.env);
      if (!profiles.delete(name)) throw new CliError(exitCodes.usage, `there is no profile "${name}"`);
      const file = await writeProfiles(surroundings.env, profiles);
      if (json) await terminal.json({ profile: name, file });
      else terminal.say(`the profile "${name}" is forgotten`);
    });
}

function nameOf({ surroundings: { env } }: Context, command: Command): string {
  return profileName(command.optsWithGlobals<{ profile?: string }>().profile ?? (env.TRIGGERS_PROFILE || usualProfile));
}
