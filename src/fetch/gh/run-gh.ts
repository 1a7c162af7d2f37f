import { childEnvironment } from '../../child/environment.ts';
import { runProgram } from '../../child/run-program.ts';
import { withoutSecrets } from '../../child/without-secrets.ts';
import { isErrno } from '../../disk/errno.ts';
import type { CodexRuntimeError } from '../../errors.ts';
import type { Environment } from '../../request/index.ts';
import { type UnavailableReason, unavailable, unavailableReason } from '../http/index.ts';

/** What gh gets of the environment beside what every child does: its configuration and credentials. */
const GH_VARIABLES: ReadonlySet<string> = new Set([
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
  'GH_CONFIG_DIR',
  'GH_HOST',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
]);
/** They go before the account that gh itself is logged in to. */
const TOKENS: readonly string[] = [
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
];
/** Characters of gh's words that a message repeats. */
const MAX_QUOTED = 4096;

export interface GhRun {
  readonly env: Environment;
  /** Ends the child. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the child is ended. Default: none. */
  readonly timeoutMs?: number;
}

/**
 * Runs GitHub CLI without a shell and without a terminal.
 * @param args The first names the command in messages. Values from outside must be attached to
 * their option with `=` or stand after `--`.
 * @returns what it printed; of more than 16 Mi characters the rest is left out
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when gh is missing or fails, `ABORTED`
 */
export async function runGh(args: readonly string[], run: GhRun): Promise<string> {
  const { env } = run;
  const first = await runOnce(args, run, env);
  if (first.status === 0) return first.stdout;
  const failure = ghFailure({ command: args[0] ?? '', ...first, env });
  if (unavailableReason(failure) !== 'unauthorized' || !TOKENS.some((name) => env[name])) {
    throw failure;
  }
  // A token that has expired hides the account that gh knows.
  const without = Object.entries(env).filter(([name]) => !TOKENS.includes(name));
  const second = await runOnce(args, run, Object.fromEntries(without));
  if (second.status === 0) return second.stdout;
  throw failure;
}

function runOnce(args: readonly string[], { signal, timeoutMs }: GhRun, env: Environment) {
  return runProgram({
    file: 'gh',
    args,
    env: ghEnvironment(env),
    signal,
    timeoutMs,
    notStarted,
  });
}

function ghEnvironment(env: Environment): Record<string, string> {
  const allowed = childEnvironment(env, (name) => GH_VARIABLES.has(name));
  // Without a terminal gh must neither ask nor look for its own updates.
  return { ...allowed, GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1' };
}

function notStarted(cause: unknown): CodexRuntimeError {
  if (!isErrno(cause, 'ENOENT')) {
    return unavailable('gh cannot be started.', { reason: 'missing-tool', cause });
  }
  return unavailable('gh is not installed.', {
    reason: 'missing-tool',
    hint: 'Install GitHub CLI and run `gh auth login` to use its credentials.',
    cause,
  });
}

interface FailedRun {
  readonly command: string;
  readonly status: number | null;
  readonly stderr: string;
  readonly env: Environment;
}

function ghFailure({ command, status, stderr, env }: FailedRun): CodexRuntimeError {
  const [first = ''] = stderr.trim().split('\n', 1);
  const said = withoutSecrets(first, env).slice(0, MAX_QUOTED);
  return unavailable(`gh ${command} failed (${status ?? 'killed'}): ${said.replace(/\.$/, '')}.`, {
    reason: reasonIn(stderr),
    hint: 'Run `gh auth status` to see which hosts gh can reach.',
  });
}

function reasonIn(stderr: string): UnavailableReason {
  if (/not found|no assets match|404/i.test(stderr)) return 'not-found';
  return /auth login|401|403|GH_TOKEN/i.test(stderr) ? 'unauthorized' : 'unreachable';
}
