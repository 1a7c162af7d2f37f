import type { CommanderError } from 'commander';
import { CodexRuntimeError } from '../errors.ts';
import { COMMANDS } from './commands.ts';

/** The hint for arguments of Codex that were given to `exec` itself. */
export const EXEC_HINT =
  'Put the arguments of Codex after --, e.g. codex-runtime exec 0.115.0 -- --version';

/**
 * What is wrong with a command line, as an error like all others: one layer shows it, in words or as
 * a document, and its hint leads to the help of the command that was meant.
 */
export function usageError(
  { code, message }: Pick<CommanderError, 'code' | 'message'>,
  words: readonly string[],
): CodexRuntimeError {
  const hint = hintFor(code, commandWord(words));
  // The parser throws after it has shown its help where no command was given.
  if (code === 'commander.help')
    return new CodexRuntimeError('USAGE', 'No command is named.', { hint });
  const [, fault = message, guess] = /^(?:error: )?(.*?)(?:\n\((.*)\))?$/s.exec(message) ?? [];
  return new CodexRuntimeError('USAGE', sentence(fault), {
    hint: guess === undefined ? hint : `${guess} ${hint}`,
  });
}

function hintFor(code: string, word: string | undefined): string {
  const command = COMMANDS.find(({ name }) => name === word);
  if (command === undefined) return 'Run codex-runtime --help to see what there is.';
  if (command.name === 'exec' && code === 'commander.unknownOption') return EXEC_HINT;
  return `Run codex-runtime ${command.name} --help for its options and examples.`;
}

/** The word that names the command. */
export function commandWord(words: readonly string[]): string | undefined {
  return words.find((word) => !word.startsWith('-'));
}

function sentence(text: string): string {
  const upper = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.?!]$/.test(upper) ? upper : `${upper}.`;
}
