import { CommanderError } from 'commander';
import { EXIT_STATUS } from '../errors.ts';
import type { CliContext } from './context.ts';
import { hasFlag, reportError } from './fail.ts';
import { createProgram } from './program.ts';
import { catchSignals } from './signals.ts';
import { StandardStreams } from './standard-streams.ts';
import { usageError } from './usage-error.ts';

const { argv, env } = process;
const words = askedForHelp(argv.slice(2));
const signals = catchSignals(process);
const streams = new StandardStreams(process);
const inCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
const dumb = env['TERM'] === 'dumb';
const plain = dumb || (env['NO_COLOR'] ?? '') !== '';

const context: CliContext = {
  get stdout() {
    return streams.stdout;
  },
  get stderr() {
    return streams.stderr;
  },
  print: (text) => streams.print(text),
  openStdin: () => process.stdin,
  env,
  words,
  get interactive() {
    return !inCi && !dumb && streams.isTerminal('stderr');
  },
  get stderrColumns() {
    return streams.stderr.columns ?? 80;
  },
  get stderrColor() {
    return !plain && streams.isTerminal('stderr');
  },
  get stdoutColumns() {
    return streams.isTerminal('stdout') ? streams.stdout.columns : undefined;
  },
  get stdoutColor() {
    return !plain && streams.isTerminal('stdout');
  },
  signal: signals.signal,
  releaseSignals: signals.release,
};

const UNWRITTEN =
  'error: The result could not be written to stdout.\nFree some space where it goes, and run the command again.\n';

void run().then(async (status) => {
  // Sockets that are kept alive must not keep the process; what was written must still arrive.
  const written = await streams.flush();
  if (status === 0 && !written) streams.stderr.write(UNWRITTEN);
  const exitStatus = status === 0 && !written ? EXIT_STATUS.DISK_FULL : status;
  process.exit(exitStatus === 0 ? 0 : (signals.exitStatus ?? exitStatus));
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
