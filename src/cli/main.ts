import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.ts';
import type { CliContext, CommandResult } from './context.ts';
import { reportError } from './fail.ts';
import { catchSignals } from './signals.ts';

const { argv, env, stdout, stderr } = process;
const words = argv.slice(2);
const signals = catchSignals(process);
const inCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
const terminal = stderr.isTTY === true && env['TERM'] !== 'dumb';

const context: CliContext = {
  stdout,
  stderr,
  env,
  words,
  interactive: terminal && !inCi,
  columns: stderr.columns ?? 80,
  color: terminal && (env['NO_COLOR'] ?? '') === '',
  signal: signals.signal,
  releaseSignals: signals.release,
};

/** A reader that has seen enough (`| head`) is no failure of ours. */
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const status = await run();
// Sockets that are kept alive must not keep the process; what was written must still arrive.
stdout.write('', () => process.exit(status === 0 ? 0 : (signals.exitStatus ?? status)));

async function run(): Promise<number> {
  let result: CommandResult;
  try {
    await (await createProgram((status) => (result = status))).parseAsync(words, { from: 'user' });
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

/** Only the command that is used is loaded; the others are a name and a line of help. */
async function createProgram(done: (status: CommandResult) => void): Promise<Command> {
  const program = new Command('codex-runtime')
    .description('Puts one exact, verified Codex runtime where it is needed.')
    .version(packageVersion(), '-V, --version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .showHelpAfterError('Run codex-runtime --help to see what there is.')
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
    })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  const used = words.find((word) => !word.startsWith('-'));
  for (const { name, summary, load } of COMMANDS) {
    const command = name === used ? (await load()).createCommand(context, done) : new Command(name);
    program.addCommand(command.summary(summary).copyInheritedSettings(program));
  }
  return program;
}

const EXAMPLES = `
Examples:
  codex-runtime install 0.115.0 --prefix demo   a Codex in demo/node_modules/.bin
  codex-runtime exec 0.115.0 -- --version       run one without installing it
  codex-runtime pin 0.115.0                     write codex-runtime.lock.json
  codex-runtime install --frozen                take only what the lockfile pins
  codex-runtime COMMAND --help                  more examples
`;

function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(url, 'utf8')) as { version: string };
  return version;
}
