import { CommanderError } from 'commander';
import { isErrno } from '../disk/errno.ts';
import { EXIT_STATUS } from '../errors.ts';
import type { CliContext } from './context.ts';
import { hasFlag, reportError } from './fail.ts';
import { createProgram } from './program.ts';
import { catchSignals } from './signals.ts';
import { usageError } from './usage-error.ts';

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
  stderrColumns: stderr.columns ?? 80,
  stderrColor: terminal && !plain,
  stdoutColumns: stdout.isTTY === true ? stdout.columns : undefined,
  stdoutColor: stdout.isTTY === true && env['TERM'] !== 'dumb' && !plain,
  signal: signals.signal,
  releaseSignals: signals.release,
};

const UNWRITTEN =
  'error: The result could not be written to stdout.\nFree some space where it goes, and run the command again.\n';

/** A reader that has seen enough (`| head`) is no failure of ours; a full disk under stdout is. */
let unwritten = false;
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: Error) => {
    if (!isErrno(error, 'EPIPE')) unwritten = true;
  });
}

void run().then((status) => {
  // Sockets that are kept alive must not keep the process; what was written must still arrive.
  stdout.write('', (failure) => {
    if (failure != null && !isErrno(failure, 'EPIPE')) unwritten = true;
    if (status === 0 && unwritten) stderr.write(UNWRITTEN);
    const written = status === 0 && unwritten ? EXIT_STATUS.DISK_FULL : status;
    process.exit(written === 0 ? 0 : (signals.exitStatus ?? written));
  });
});

async function run(): Promise<number> {
  let exitStatus = 0;
  try {
    const program = await createProgram(context, (status) => {
      exitStatus = status;
    });
    await Promise.race([program.parseAsync(words, { from: 'user' }), nothingLeft()]);
    return exitStatus;
  } catch (error) {
    const flags = { json: hasFlag(words, '--json'), verbose: hasFlag(words, '--verbose') };
    if (!(error instanceof CommanderError)) return reportError(error, context, flags);
    if (error.exitCode === 0) return 0;
    const usage = usageError(error, words);
    // Where no command was named, help has said so already.
    if (error.code === 'commander.help' && !flags.json) return usage.exitStatus;
    return reportError(usage, context, { ...flags, verbose: false });
  }
}

/** Node ends with status 0 when nothing can happen any more, also in the middle of the work. */
function nothingLeft(): Promise<never> {
  return new Promise((_, reject) => {
    process.once('beforeExit', () => reject(new Error('the work stopped before its end')));
  });
}

/** `help` and `help COMMAND` are what many type first. */
function askedForHelp(given: readonly string[]): readonly string[] {
  return given[0] === 'help' ? [...given.slice(1, 2), '--help'] : given;
}
