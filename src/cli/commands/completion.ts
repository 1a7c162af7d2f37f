import { Argument, Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { CliContext } from '../context.ts';
import { addStreamFlags } from '../flags.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function createCommand(context: CliContext): Command {
  const command = new Command('completion')
    .description('Print a script that lets a shell complete commands, options and their values.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)));
  return addStreamFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (shell: keyof typeof SHELLS) => {
      const { loadSurface } = await import('../surface.ts');
      context.stdout.write(SHELLS[shell]('codex-runtime', await loadSurface(context)));
    });
}

const EXAMPLES = `
Examples:
  source <(codex-runtime completion bash)                in ~/.bashrc
  source <(codex-runtime completion zsh)                 in ~/.zshrc, after compinit
  codex-runtime completion fish | source                 in ~/.config/fish/config.fish
`;
