import type { CommandModule } from '../src/cli/commands.ts';

/** In place of src/cli/commands.ts: the action installs, and needs nothing else. */
export const COMMANDS = [
  {
    name: 'install',
    summary: 'put a runtime into a prefix',
    load: (): Promise<CommandModule> => import('../src/cli/commands/install.ts'),
  },
];
