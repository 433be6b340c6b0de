import type { Command } from 'commander';
import { type Api, type ConnectOptions, connect } from './api.ts';
import { type Settings, settingsOf } from './settings.ts';
import { type Surroundings, Terminal } from './terminal.ts';

/** What every command gets. */
export class Context {
  readonly surroundings: Surroundings;
  readonly terminal: Terminal;

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
    this.terminal = new Terminal(surroundings);
  }

  get signal(): AbortSignal {
    return this.surroundings.signal;
  }

  /**
   * The service as the environment, a profile or --profile names it. A script has the patience for a restart of the service; a person is told soon that it
   * is away. @throws CliError
   */
  async api(
    command: Command,
    options: ConnectOptions = this.terminal.interactive ? {} : { maxAttempts: Number.POSITIVE_INFINITY },
  ): Promise<{ api: Api; settings: Settings }> {
    const { profile } = command.optsWithGlobals<{ profile?: string }>();
    const settings = await settingsOf(this.surroundings.env, profile);
    return { api: connect(settings, this.signal, options), settings };
  }
}

/** A command adds itself to the program. */
export type AddCommand = (program: Command, context: Context) => void;
