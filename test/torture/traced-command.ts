import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { COMMAND, type Ended, type Site } from './site.ts';

const PRELOAD = fileURLToPath(new URL('./fixtures/wait-for-tracer.mjs', import.meta.url));

export interface Tracing {
  /** System calls to show, as strace's `-e trace=` takes them. */
  readonly trace: string;
  /** A fault, as strace's `-e inject=` takes it: `rename:signal=KILL:when=3`. */
  readonly inject?: string;
  /** libuv's threads. Default 1, so that the order of calls is the same in every run. */
  readonly threads?: number;
}

export interface Traced extends Ended {
  /** The lines of the trace: `<thread> <call>`. */
  readonly trace: readonly string[];
}

/**
 * Runs `codex-runtime` with strace attached from the moment when everything is loaded, so that
 * calls are counted from the start of the work. strace counts per thread and call.
 */
export async function traceCommand(
  site: Pick<Site, 'env'>,
  words: readonly string[],
  { trace, inject, threads = 1 }: Tracing,
): Promise<Traced> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-trace-'));
  const output = join(dir, 'trace');
  const command = spawn(process.execPath, ['--import', PRELOAD, COMMAND, ...words], {
    env: { ...site.env, UV_THREADPOOL_SIZE: String(threads) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = settled(command);
  try {
    await Promise.race([once(command, 'message'), ended]);
    const options = ['-f', '-y', '-s', '64', '-o', output, '-e', `trace=${trace}`];
    const faults = inject === undefined ? [] : ['-e', `inject=${inject}`];
    const tracer = spawn('strace', [...options, ...faults, '-p', String(command.pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const detached = settled(tracer);
    await attached(tracer);
    command.send('go');
    const [result] = await Promise.all([ended, detached]);
    const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
    return { ...result, trace: lines };
  } finally {
    command.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
}

async function attached(tracer: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    tracer.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/Process \d+ attached/.test(said)) resolve();
    });
    tracer.on('error', reject);
    tracer.on('close', () => reject(new Error(`strace did not attach: ${said}`)));
  });
}

async function settled(child: ChildProcess): Promise<Ended> {
  const closed = new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve([status, signal]));
  });
  const read = async (stream: ChildProcess['stdout']) => (stream === null ? '' : text(stream));
  const [[status, signal], stdout, stderr] = await Promise.all([
    closed,
    read(child.stdout),
    read(child.stderr),
  ]);
  return { status, signal, stdout, stderr };
}
