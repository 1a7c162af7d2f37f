import type { Command } from 'commander';
import type { CliContext, ExitWith } from './context.ts';
import type { CommandDefinition } from './define-command.ts';

/**
 * A command file: it describes its options and examples, and calls the library. The commands that
 * often have nothing to do are data, so that they need no commander.
 */
export type CommandModule =
  | { createCommand(context: CliContext, exitWith: ExitWith): Command }
  | { readonly definition: CommandDefinition };

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** In the order in which help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'install',
    summary: 'put a runtime into a prefix',
    load: () => import('./commands/install.ts'),
  },
  {
    name: 'resolve',
    summary: 'show what would be taken, without downloading',
    load: () => import('./commands/resolve.ts'),
  },
  {
    name: 'pin',
    summary: 'lock a version and its bytes, or check the lockfile',
    load: () => import('./commands/pin.ts'),
  },
  {
    name: 'download',
    summary: 'fill a directory for machines without a network',
    load: () => import('./commands/download.ts'),
  },
  {
    name: 'which',
    summary: 'print the path of a runtime, fetching it if needed',
    load: () => import('./commands/which.ts'),
  },
  {
    name: 'exec',
    summary: 'run a runtime, fetching it if needed',
    load: () => import('./commands/exec.ts'),
  },
  {
    name: 'list',
    summary: 'show the runtimes of the store and the prefixes, or what the channels have',
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'uninstall',
    summary: 'remove a package from a prefix or a runtime from the store',
    load: () => import('./commands/uninstall.ts'),
  },
  {
    name: 'prune',
    summary: 'remove runtimes that nobody needs',
    load: () => import('./commands/prune.ts'),
  },
  {
    name: 'verify',
    summary: 'check that runtimes are still what was verified when they were fetched',
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'doctor',
    summary: 'check everything that an installation needs, and say what to do',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'wait',
    summary: 'wait until a release is complete on every channel',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'bridge',
    summary: 'relay stdin and stdout to a Unix socket',
    load: () => import('./commands/bridge.ts'),
  },
  {
    name: 'code-mode',
    summary: 'run scripts that call tools',
    load: () => import('./commands/code-mode.ts'),
  },
  {
    name: 'stage',
    summary: 'put a runtime into a package directory',
    load: () => import('./commands/stage.ts'),
  },
  {
    name: 'pack',
    summary: 'make the npm packages and wheels of a version',
    load: () => import('./commands/pack.ts'),
  },
  {
    name: 'publish',
    summary: 'publish packed packages in a safe order',
    load: () => import('./commands/publish.ts'),
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
];
