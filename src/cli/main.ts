import { CommanderError } from 'commander';
import { CodexRuntimeError, EXIT_STATUS } from '../errors.ts';
import type { CliContext, CommandResult } from './context.ts';
import { reportError } from './fail.ts';
import { formatJson } from './format.ts';
import { createProgram } from './program.ts';
import { catchSignals } from './signals.ts';

const { argv, env, stdout, stderr } = process;
const words = askedForHelp(argv.slice(2));
const signals = catchSignals(process);
const inCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
const plain = (env['NO_COLOR'] ?? '') !== '';
const terminal = stderr.isTTY === true && env['TERM'] !== 'dumb';

const context: CliContext = {
  stdout,
  stderr,
  openStdin: () => process.stdin,
  env,
  words,
  interactive: terminal && !inCi,
  columns: stderr.columns ?? 80,
  color: terminal && !plain,
  stdoutColor: stdout.isTTY === true && env['TERM'] !== 'dumb' && !plain,
  signal: signals.signal,
  releaseSignals: signals.release,
};

/** A reader that has seen enough (`| head`) is no failure of ours; a full disk under stdout is. */
let unwritten = false;
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') unwritten = true;
  });
}

void run().then((status) => {
  // Sockets that are kept alive must not keep the process; what was written must still arrive.
  stdout.write('', (failure) => {
    if (failure != null && (failure as NodeJS.ErrnoException).code !== 'EPIPE') unwritten = true;
    const written = status === 0 && unwritten ? EXIT_STATUS.DISK_FULL : status;
    process.exit(written === 0 ? 0 : (signals.exitStatus ?? written));
  });
});

async function run(): Promise<number> {
  let result: CommandResult;
  try {
    const program = await createProgram(context, (status) => {
      result = status;
    });
    await program.parseAsync(words, { from: 'user' });
    return result ?? 0;
  } catch (error) {
    const rest = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length);
    const json = rest.includes('--json');
    if (error instanceof CommanderError) return reportUsage(error, json);
    return reportError(error, context, { json, verbose: rest.includes('--verbose') });
  }
}

/** The words for people are on stderr already. */
function reportUsage({ exitCode, message }: CommanderError, json: boolean): number {
  if (exitCode === 0) return 0;
  const error = new CodexRuntimeError('USAGE', message.replace(/^error: /, ''), {
    hint: 'Run codex-runtime --help to see what there is.',
  });
  if (json) stdout.write(formatJson(error));
  return error.exitStatus;
}

/** `help` and `help COMMAND` are what many type first. */
function askedForHelp(given: readonly string[]): readonly string[] {
  return given[0] === 'help' ? [...given.slice(1, 2), '--help'] : given;
}
