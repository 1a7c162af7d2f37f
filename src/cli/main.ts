import type { CommanderError } from 'commander';
import { EXIT_STATUS } from '../errors.ts';
import { COMMANDS } from './commands.ts';
import type { CliContext } from './context.ts';
import { hasFlag, reportError } from './fail.ts';
import { readPlainWords } from './plain-words.ts';
import { type CaughtSignals, catchSignals } from './signals.ts';
import { StandardStreams } from './standard-streams.ts';

const UNWRITTEN =
  'error: The result could not be written to stdout.\nFree some space where it goes, and run the command again.\n';

/** The command: reads the process's own words, and ends it with the status that they lead to. */
export async function main(): Promise<void> {
  const words = askedForHelp(process.argv.slice(2));
  const signals = catchSignals(process);
  const streams = new StandardStreams(process);
  const status = await run(createContext({ words, signals, streams }));
  // Sockets that are kept alive must not keep the process; what was written must still arrive.
  const written = await streams.flush();
  if (status === 0 && !written) streams.stderr.write(UNWRITTEN);
  const exitStatus = status === 0 && !written ? EXIT_STATUS.DISK_FULL : status;
  process.exit(exitStatus === 0 ? 0 : (signals.exitStatus ?? exitStatus));
}

interface Surroundings {
  readonly words: readonly string[];
  readonly signals: CaughtSignals;
  readonly streams: StandardStreams;
}

function createContext({ words, signals, streams }: Surroundings): CliContext {
  const { env } = process;
  const inCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  const dumb = env['TERM'] === 'dumb';
  const plain = dumb || (env['NO_COLOR'] ?? '') !== '';
  return {
    get stdout() {
      return streams.stdout;
    },
    get stderr() {
      return streams.stderr;
    },
    print: (text) => streams.print('stdout', text),
    say: (text) => streams.print('stderr', text),
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
}

async function run(context: CliContext): Promise<number> {
  const { words } = context;
  try {
    return await Promise.race([runCommand(context), nothingLeft()]);
  } catch (error) {
    const flags = { json: hasFlag(words, '--json'), verbose: hasFlag(words, '--verbose') };
    if (!isCommanderError(error)) return reportError(error, context, flags);
    if (error.exitCode === 0) return 0;
    const { usageError } = await import('./usage-error.ts');
    const usage = usageError(error, words);
    // Where no command was named, help has said so already.
    if (error.code === 'commander.help' && !flags.json) return usage.exitStatus;
    return reportError(usage, context, { ...flags, verbose: false });
  }
}

/** What commander takes to load and to parse is most of a run with nothing to do: plain words need none. */
async function runCommand(context: CliContext): Promise<number> {
  const { words } = context;
  const entry = COMMANDS.find(({ name }) => name === words[0]);
  const module = await entry?.load();
  if (module !== undefined && 'definition' in module) {
    const plain = readPlainWords(module.definition, words.slice(1));
    if (plain !== undefined) return await module.definition.run(context, plain);
  }
  let exitStatus = 0;
  const { createProgram } = await import('./program.ts');
  const program = await createProgram(context, (status) => {
    exitStatus = status;
  });
  await program.parseAsync(words, { from: 'user' });
  return exitStatus;
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
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
