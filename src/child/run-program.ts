import { spawn } from 'node:child_process';
import { throwIfAborted } from '../abort.ts';
import { exitStatus } from './exit-status.ts';

export interface ProgramRequest {
  /** A path, or a name to be found on the child's PATH. */
  readonly file: string;
  /** Values from outside must not be able to become options: attach them with `=` or use `--`. */
  readonly args: readonly string[];
  /** All that the child gets; see `childEnvironment`. */
  readonly env: Record<string, string>;
  readonly cwd: string;
  /** Lets the child ask on our terminal; its words go to stderr and are not captured. */
  readonly terminal?: boolean | undefined;
  /** Ends the child with SIGTERM. */
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is kept of each stream; the end of an error message says more than its beginning. */
const KEEP = 64 * 1024;

/**
 * Runs a program without a shell to its end, whatever its exit status.
 * @throws the system's own error when it cannot be started; CodexRuntimeError `ABORTED`
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  const { file, args, env, cwd, terminal = false, signal } = request;
  throwIfAborted(signal);
  const child = spawn(file, args, {
    env,
    cwd,
    stdio: terminal ? ['inherit', 2, 2] : ['ignore', 'pipe', 'pipe'],
    windowsHide: !terminal,
  });
  const stdout = new Tail();
  const stderr = new Tail();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => stdout.add(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.add(text));
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const status = await exitStatus(child);
    throwIfAborted(signal);
    return { status, stdout: stdout.text, stderr: stderr.text };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

class Tail {
  text = '';

  add(more: string): void {
    this.text = (this.text + more).slice(-KEEP);
  }
}
