import { type Argument, Command, type Option } from 'commander';
import { TARGETS } from '../target/index.ts';
import { COMMANDS } from './commands.ts';
import type { CliContext } from './context.ts';
import { fitHelp, HELP_COLUMNS } from './fit-help.ts';
import { loadCommand } from './program.ts';

/** What a value is, as far as a shell can help with it. */
export type ValueKind =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'directory' | 'file' | 'any' };

/** An option as its command defines it. */
export interface OptionSurface {
  /** `-q`, `--quiet` */
  readonly flags: readonly string[];
  readonly description: string;
  /** Null for a switch. */
  readonly value: ValueKind | null;
}

/** A command as it defines itself: the source of completions and of the reference. */
export interface CommandSurface {
  readonly name: string;
  /** One line of the list of commands. */
  readonly summary: string;
  readonly options: readonly OptionSurface[];
  readonly operands: readonly ValueKind[];
  /** What `--help` prints. */
  readonly help: string;
}

/** Loads every command and reads its definition; nothing is run. */
export async function loadSurface(context: CliContext): Promise<readonly CommandSurface[]> {
  return await Promise.all(
    COMMANDS.map(async (entry) => {
      const command = await loadCommand(entry, context, () => undefined);
      return describe(entry.name, entry.summary, command);
    }),
  );
}

function describe(name: string, summary: string, command: Command): CommandSurface {
  const help = { flags: ['-h', '--help'], description: 'show help', value: null };
  return {
    name,
    summary,
    options: [...command.options.map(describeOption), help],
    operands: command.registeredArguments.map(describeOperand),
    help: helpOf(command),
  };
}

function describeOption(option: Option): OptionSurface {
  const { short, long, description, flags } = option;
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1];
  return {
    flags: [short, long].filter((flag) => flag !== undefined && flag !== null),
    description,
    value: placeholder === undefined ? null : kindOf(`${long} ${placeholder}`, option.argChoices),
  };
}

function describeOperand(argument: Argument): ValueKind {
  return kindOf(argument.name(), argument.argChoices);
}

/** The words of a definition say what its value stands for. */
function kindOf(words: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (/target/.test(words)) return { kind: 'words', words: TARGETS.map(({ npmTag }) => npmTag) };
  if (/\bdir\b/.test(words)) return { kind: 'directory' };
  if (/\b(file|socket|path|exe)\b/.test(words)) return { kind: 'file' };
  return { kind: 'any' };
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => HELP_COLUMNS,
  });
  // Its usage names the program.
  new Command('codex-runtime').addCommand(command);
  command.helpOption('-h, --help', 'show help').outputHelp();
  return fitHelp(text);
}
