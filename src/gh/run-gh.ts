import { spawn } from 'node:child_process';
import { throwIfAborted } from '../abort.ts';
import { pickEnvironment } from '../child/environment.ts';
import { exitStatus } from '../child/exit-status.ts';
import { withoutSecrets } from '../child/without-secrets.ts';
import { isErrno } from '../disk/errno.ts';
import { type UnavailableReason, unavailable } from '../http/index.ts';
import type { Environment } from '../settings.ts';

/** All that gh gets of the environment: itself, its credentials, and the way to the network. */
const GH_ENVIRONMENT: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'SYSTEMROOT',
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
  'GH_CONFIG_DIR',
  'GH_HOST',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
]);
const MAX_STDOUT = 16 * 2 ** 20;
const MAX_STDERR = 4096;
/** gh gets this long to end after SIGTERM before it is killed. */
const GRACE_MS = 2_000;

export interface GhRun {
  readonly env: Environment;
  /** Ends the child. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the child is ended. Default: none. */
  readonly timeout?: number;
}

/**
 * Runs GitHub CLI without a shell and without a terminal.
 * @param args The first names the command in messages. Values from outside must be attached to
 * their option with `=` or stand after `--`.
 * @returns what it printed, at most 16 MiB
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE` when gh is missing or fails, `ABORTED`
 */
export async function runGh(args: readonly string[], run: GhRun): Promise<string> {
  const { env, signal, timeout } = run;
  throwIfAborted(signal);
  const child = spawn('gh', args, {
    env: ghEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const stdout: Buffer[] = [];
  let received = 0;
  let stderr = '';
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    // What gh started may outlive it and hold the pipes open: nobody waits for that.
    const abandon = () => {
      child.stdout.destroy();
      child.stderr.destroy();
    };
    child.once('exit', abandon);
    if (child.exitCode !== null || child.signalCode !== null) abandon();
    child.kill('SIGTERM');
    killing ??= setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > MAX_STDOUT) stop();
    else stdout.push(chunk);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, MAX_STDERR);
  });
  const timer = timeout === undefined ? undefined : setTimeout(stop, timeout);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const status = await exitStatus(child).catch((cause: unknown) => {
      throw spawnFailure(cause);
    });
    throwIfAborted(signal);
    if (status !== 0) throw ghFailure({ command: args[0] ?? '', status, stderr, env });
    return Buffer.concat(stdout).toString('utf8');
  } finally {
    clearTimeout(timer);
    clearTimeout(killing);
    signal?.removeEventListener('abort', stop);
  }
}

function ghEnvironment(env: Environment): Record<string, string> {
  const allowed = pickEnvironment(env, (name) => GH_ENVIRONMENT.has(name));
  // Without a terminal gh must neither ask nor look for its own updates.
  return { ...allowed, GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1' };
}

function spawnFailure(cause: unknown) {
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

function ghFailure({ command, status, stderr, env }: FailedRun) {
  const said = withoutSecrets(stderr.trim().split('\n', 1)[0] ?? '', env);
  return unavailable(`gh ${command} failed (${status ?? 'killed'}): ${said.replace(/\.$/, '')}.`, {
    reason: reasonIn(stderr),
    hint: 'Run `gh auth status` to see which hosts gh can reach.',
  });
}

function reasonIn(stderr: string): UnavailableReason {
  if (/not found|no assets match|404/i.test(stderr)) return 'not-found';
  return /auth login|401|403|GH_TOKEN/i.test(stderr) ? 'unauthorized' : 'unreachable';
}
