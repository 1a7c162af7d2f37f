import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { COMMANDS, type CommandEntry } from './commands.ts';
import type { CliContext, ExitWith } from './context.ts';
import { defineCommand } from './define-command.ts';
import { hasFlag } from './fail.ts';
import { fitHelp, HELP_COLUMNS } from './fit-help.ts';
import { commandWord } from './usage-error.ts';

/**
 * The program with the one command that is used, which alone is loaded. Where no known command is
 * named, all of them are there as a name and a line of help.
 */
export async function createProgram(context: CliContext, exitWith: ExitWith): Promise<Command> {
  const { words } = context;
  const program = new Command('codex-runtime')
    .description('Puts one exact, verified Codex runtime where it is needed.')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(fitHelp(text)),
      // Help where no command was given; a document says the same in its own way.
      writeErr: (text) =>
        hasFlag(words, '--json') ? undefined : context.stderr.write(fitHelp(text)),
      // Whatever the terminal has, so that a help looks the same everywhere.
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      // Thrown too, and shown by main like every other error.
      outputError: () => undefined,
    })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  const used = commandWord(words);
  const entry = COMMANDS.find(({ name }) => name === used);
  if (entry !== undefined) {
    const command = await loadCommand(entry, context, exitWith);
    return program.addCommand(command.summary(entry.summary).copyInheritedSettings(program));
  }
  program.version(packageVersion(), '-V, --version');
  // `help instal` and `instal --help` name a command that does not exist.
  if (used !== undefined) program.helpOption(false);
  for (const { name, summary } of COMMANDS) {
    program.addCommand(new Command(name).summary(summary).copyInheritedSettings(program));
  }
  return program;
}

/** A command as commander has it, with all its options. */
export async function loadCommand(
  entry: CommandEntry,
  context: CliContext,
  exitWith: ExitWith,
): Promise<Command> {
  const module = await entry.load();
  if ('createCommand' in module) return module.createCommand(context, exitWith);
  return defineCommand(module.definition, context, exitWith);
}

const EXAMPLES = `
Examples:
  codex-runtime install 0.115.0 --prefix demo   a Codex in demo/node_modules/.bin
  codex-runtime exec 0.115.0 -- --version       run one without installing it
  codex-runtime pin 0.115.0                     write codex-runtime.lock.json
  codex-runtime install --frozen                take only what the lockfile pins
  codex-runtime COMMAND --help                  more examples
`;

function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(url, 'utf8')) as { version: string };
  return version;
}
