import { CommanderError } from 'commander';
import type { CliContext, CommandResult } from './context.ts';
import { reportError } from './fail.ts';
import { createProgram } from './program.ts';
import { catchSignals } from './signals.ts';

const { argv, env, stdout, stderr } = process;
const words = argv.slice(2);
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

/** A reader that has seen enough (`| head`) is no failure of ours. */
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

void run().then((status) => {
  // Sockets that are kept alive must not keep the process; what was written must still arrive.
  stdout.write('', () => process.exit(status === 0 ? 0 : (signals.exitStatus ?? status)));
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
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const rest = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length);
    return reportError(error, context, {
      json: rest.includes('--json'),
      verbose: rest.includes('--verbose'),
    });
  }
}
