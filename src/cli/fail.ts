import { abortedError, isAbortError } from '../abort.ts';
import { CodexRuntimeError, escapeControls } from '../errors.ts';
import { asJsonObject } from '../json.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './format.ts';
import { adviceFor } from './named-places.ts';

/** Whether a switch is given, also on a command line that cannot be parsed; behind `--` it is another program's. */
export function hasFlag(words: readonly string[], flag: '--json' | '--verbose'): boolean {
  const separator = words.indexOf('--');
  return words.slice(0, separator === -1 ? words.length : separator).includes(flag);
}

/** Shows an error in the form that was asked for and says the exit status. */
export function reportError(
  error: unknown,
  context: Pick<CliContext, 'words' | 'stdout' | 'stderr' | 'stderrColor'>,
  flags: { readonly json: boolean; readonly verbose: boolean },
): number {
  const known = toKnown(error);
  const advice = known.hint === undefined ? undefined : adviceFor(context.words, known.hint);
  if (flags.json) {
    const hint = advice === undefined ? {} : { hint: advice };
    context.stdout.write(formatJson({ ...known.toJSON(), ...hint }));
  } else {
    const label = context.stderrColor ? '\u001b[31merror\u001b[0m' : 'error';
    const hint = advice === undefined ? '' : `${advice}\n`;
    context.stderr.write(`${label}: ${known.message}\n${reasonsOf(known)}${hint}`);
  }
  if (flags.verbose) context.stderr.write(`${stackOf(error)}\n`);
  return known.exitStatus;
}

function toKnown(error: unknown): CodexRuntimeError {
  if (error instanceof CodexRuntimeError) return error;
  if (isAbortError(error)) return abortedError(error);
  const message = error instanceof Error ? error.message : String(error);
  // Of the bundle (scripts/chunk-loader.cjs), in the words that are meant for the user.
  if (error instanceof Error && error.name === 'DamagedProgram')
    return new CodexRuntimeError('UNEXPECTED', message, { cause: error });
  return new CodexRuntimeError('UNEXPECTED', `Something unexpected happened: ${message}`, {
    hint: 'Run again with --verbose and report what it prints.',
    cause: error,
  });
}

/** When every source failed, each says why on a line of its own. */
function reasonsOf({ fields: { reasons } }: CodexRuntimeError): string {
  const texts = Array.isArray(reasons) ? reasons.flatMap(reasonText) : [];
  return texts.map((text) => `  - ${escapeControls(text)}\n`).join('');
}

function reasonText(reason: unknown): readonly string[] {
  if (typeof reason === 'string') return [reason];
  const { source, message } = asJsonObject(reason);
  if (typeof message !== 'string') return [];
  return [typeof source === 'string' ? `${source}: ${message}` : message];
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${withoutSecrets(error.stack ?? error.message)
    .split('\n')
    .map(escapeControls)
    .join('\n')}${cause}`;
}

/** The errors of libraries may quote URLs with a password or a signature, and header values. */
function withoutSecrets(text: string): string {
  return text
    .replace(/(\w:\/\/)[^\s/@]*@/g, '$1***@')
    .replace(/(\w:\/\/[^\s?]*)\?\S*/g, '$1?***')
    .replace(/\b(Bearer|Basic)\s+[^\n]*?(?=\s+is\b|$)/gim, '$1 ***');
}
