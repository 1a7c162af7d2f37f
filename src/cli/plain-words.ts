import type { CommandDefinition, Words } from './define-command.ts';
import type { Flag } from './flags.ts';

/**
 * Reads a command line that leaves nothing to say: the definition's own options, each spelled out
 * with a value that it takes, and at most one operand before `--`. Undefined for every other one:
 * commander reads it, and says what is wrong with it.
 * @param words what follows the command's name
 */
export function readPlainWords<Flags>(
  definition: CommandDefinition<Flags>,
  words: readonly string[],
): Words<Flags> | undefined {
  const operands: string[] = [];
  const flags = defaultsOf(definition.flags);
  const separator = words.indexOf('--');
  const behind = separator === -1 ? [] : words.slice(separator + 1);
  const own = separator === -1 ? words : words.slice(0, separator);
  if (behind.length > 0 && definition.operands.length < 2) return undefined;
  for (let at = 0; at < own.length; at += 1) {
    const word = own[at] ?? '';
    if (!word.startsWith('-')) {
      operands.push(word);
      continue;
    }
    const flag = definition.flags.find((each) => namesOf(each).includes(word));
    if (flag === undefined) return undefined;
    const isSwitch = !flag.flags.endsWith('>');
    const value = isSwitch ? true : readValue(flag, own[at + 1]);
    if (value === undefined) return undefined;
    if (!isSwitch) at += 1;
    flags[attributeOf(flag)] = value;
  }
  if (operands.length > 1) return undefined;
  return { operands: [...operands, ...behind], flags: flags as Flags };
}

function defaultsOf(flags: readonly Flag[]): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const flag of flags) {
    if (flag.default !== undefined) defaults[attributeOf(flag)] = flag.default;
  }
  return defaults;
}

/** A value that may be another option is commander's to judge. */
function readValue({ parse, choices }: Flag, text: string | undefined): string | undefined {
  if (text === undefined || text.startsWith('-')) return undefined;
  if (choices !== undefined && !choices.includes(text)) return undefined;
  try {
    return parse === undefined ? text : parse(text);
  } catch {
    return undefined;
  }
}

/** `-q, --quiet` and `--prefix <dir>`: the words before the value. */
function namesOf({ flags }: Flag): readonly string[] {
  return flags.split(' <', 1)[0]?.split(', ') ?? [];
}

/** `--verify-signature` is `verifySignature` among the flags, as commander has it. */
function attributeOf(flag: Flag): string {
  const long = namesOf(flag).at(-1) ?? '';
  return long.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
