import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { throwIfAborted } from '../abort.ts';
import type { CodexRuntimeError } from '../errors.ts';
import { endTree } from './end-tree.ts';

/** A child gets this long to end after SIGTERM before it is killed. */
const GRACE_MS = 2_000;

export interface ProgramRequest {
  /** A path, or a name to be found on the child's PATH. */
  readonly file: string;
  /** Values from outside must not be able to become options: attach them with `=` or use `--`. */
  readonly args: readonly string[];
  /** All that the child gets; see `childEnvironment`. */
  readonly env: Record<string, string>;
  /** Default: this process's. */
  readonly cwd?: string;
  /** What the child reads on stdin. Default: nothing. */
  readonly input?: string;
  /** Lets the child ask on our terminal; its words go to stderr and are not captured. */
  readonly terminal?: boolean | undefined;
  /** Ends the child: see `stopChild`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the child is ended. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** The error for a program that cannot be started, from the system's own. */
  readonly notStarted: (cause: unknown) => CodexRuntimeError;
}

export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly status: number | null;
  /** Of more than 16 Mi characters the rest is left out. */
  readonly stdout: string;
  /** Its last 64 Ki characters: the end of an error message says more than its beginning. */
  readonly stderr: string;
}

const MAX_STDOUT = 16 * 2 ** 20;
const MAX_STDERR = 64 * 2 ** 10;

/**
 * Runs a program without a shell to its end, whatever its exit status.
 * @throws what `notStarted` makes; CodexRuntimeError `ABORTED`, once the child has ended
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  const { signal, timeoutMs, notStarted } = request;
  throwIfAborted(signal);
  const child = start(request);
  // A child that ends without reading it has said so by its status.
  child.stdin?.on('error', () => undefined).end(request.input);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < MAX_STDOUT) stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR);
  });
  const stop = () => stopChild(child, request.env);
  const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', (cause) => reject(notStarted(cause)));
      child.on('close', resolve);
    });
    throwIfAborted(signal);
    return { status, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

function start(request: ProgramRequest): ChildProcess {
  const { file, args, env, cwd, input, terminal = false, notStarted } = request;
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const options: SpawnOptions = {
    env,
    cwd,
    stdio: terminal ? ['inherit', 2, 2] : [stdin, 'pipe', 'pipe'],
    windowsHide: !terminal,
  };
  try {
    return spawn(file, args, options);
  } catch (cause) {
    // Arguments that no process can have, such as a NUL in a variable.
    throw notStarted(cause);
  }
}

/**
 * Asks a child to end, and kills it when it has not two seconds later. Once it has, its pipes are
 * closed too: what it started may outlive it and hold them open, and nobody waits for that.
 * @param env the child's
 */
function stopChild(child: ChildProcess, env: Readonly<Record<string, string | undefined>>): void {
  const abandon = () => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  child.once('exit', abandon);
  if (child.exitCode !== null || child.signalCode !== null) abandon();
  endTree(child, env);
  // Without effect on one that is gone, and no reason for this process to stay.
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
}
