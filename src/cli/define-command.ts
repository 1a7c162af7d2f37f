import { Command } from 'commander';
import type { CliContext, ExitWith } from './context.ts';
import { addFlags, type Flag } from './flags.ts';

/** A command line as it was read. */
export interface Words<Flags = object> {
  /** In their order; what follows `--` is among them. */
  readonly operands: readonly string[];
  readonly flags: Flags;
}

/** A command as data, for those that are read without commander; see plain-words.ts. */
export interface CommandDefinition<Flags = object> {
  readonly name: string;
  readonly description: string;
  /** Shown in place of what commander would make of options and operands. */
  readonly usage?: string;
  /** Name and description of each. */
  readonly operands: readonly (readonly [name: string, description: string])[];
  readonly flags: readonly Flag[];
  readonly examples: string;
  /** Does the work and says the exit status. */
  run(context: CliContext, words: Words<Flags>): Promise<number>;
}

/** The command as commander has it, for help, completions, and every command line that is not plain. */
export function defineCommand<Flags>(
  definition: CommandDefinition<Flags>,
  context: CliContext,
  exitWith: ExitWith,
): Command {
  const command = new Command(definition.name).description(definition.description);
  if (definition.usage !== undefined) command.usage(definition.usage);
  for (const [name, description] of definition.operands) command.argument(name, description);
  return addFlags(command, definition.flags)
    .addHelpText('after', definition.examples)
    .action(async () => {
      const words = { operands: command.args, flags: command.opts() as Flags };
      exitWith(await definition.run(context, words));
    });
}
