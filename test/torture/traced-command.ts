import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type MutationPoint, pathAt } from './mutation-points.ts';
import { COMMAND, type Ended, type Site } from './site.ts';

const PRELOAD = fileURLToPath(new URL('./fixtures/wait-for-tracer.mjs', import.meta.url));

/** Why nothing can be traced here; null where it can. */
export function whyNoTrace(): string | null {
  if (process.platform !== 'linux') return 'system calls are traced on Linux only';
  const { status } = spawnSync('strace', ['-o', '/dev/null', 'true']);
  return status === 0 ? null : 'strace is missing or not allowed here';
}

/** A run that takes longer hangs. */
const PATIENCE_MS = 120_000;

export interface Tracing {
  /** System calls to show, as strace's `-e trace=` takes them. */
  readonly trace: string;
  /** What happens at a point: `signal=KILL`, `error=ENOSPC`. */
  readonly fault?: { readonly at: MutationPoint; readonly what: string };
  /** Whether the command's children are traced, too: every call of theirs costs two stops. */
  readonly children?: boolean;
  /** What goes on meanwhile; the run is over when both are. */
  readonly meanwhile?: (run: {
    readonly pid: number;
    readonly ended: Promise<Ended>;
    readTrace(): Promise<string>;
  }) => Promise<void>;
}

export interface Traced extends Ended {
  readonly pid: number;
  /** The lines of the trace: `<thread> <call>`. */
  readonly trace: readonly string[];
}

/**
 * Runs `codex-runtime` with strace attached from the moment when Node has started.
 * libuv gets one thread, so that the order of calls is the same in every run.
 */
export async function traceCommand(
  site: Pick<Site, 'env' | 'root'>,
  words: readonly string[],
  { trace, fault, children = true, meanwhile }: Tracing,
): Promise<Traced> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-trace-'));
  const output = join(dir, 'trace');
  const command = spawn(process.execPath, ['--import', PRELOAD, COMMAND, ...words], {
    env: { ...site.env, UV_THREADPOOL_SIZE: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const pid = command.pid ?? 0;
  const readTrace = () => readFile(output, 'utf8');
  let hung = false;
  const hanging = setTimeout(() => {
    hung = true;
    command.kill('SIGKILL');
  }, PATIENCE_MS);
  const ended = settled(command);
  try {
    await Promise.race([once(command, 'message'), ended]);
    const show = ['-y', '-s', '64', '-o', output, '-e', `trace=${trace}`];
    const traced = children ? ['-f', '-p', String(pid)] : await threadsOf(pid);
    const options = [...show, ...faultOptions(fault, { root: site.root, pid }), ...traced];
    const tracer = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] });
    const detached = settled(tracer);
    await attached(tracer, traced.filter((word) => word === '-p').length);
    command.send('go');
    const [result] = await Promise.all([ended, detached, meanwhile?.({ pid, ended, readTrace })]);
    if (hung) throw new Error(`no end within ${PATIENCE_MS} ms`);
    return { ...result, pid, trace: wholeCalls((await readTrace()).trimEnd().split('\n')) };
  } finally {
    clearTimeout(hanging);
    command.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
}

/** strace cuts a call in two when another thread comes in between; here it stands where it ended. */
function wholeCalls(lines: readonly string[]): readonly string[] {
  const begun = new Map<string, string>();
  const whole: string[] = [];
  for (const line of lines) {
    const [, thread = '', begin] = /^(\d+) +(.*) <unfinished \.\.\.>$/.exec(line) ?? [];
    if (begin !== undefined) {
      begun.set(thread, begin);
      continue;
    }
    const [, resumed = '', end] = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? [];
    whole.push(end === undefined ? line : `${resumed} ${begun.get(resumed) ?? ''}${end}`);
  }
  return whole;
}

/** With a path, strace counts and harms only the calls on it. */
function faultOptions(fault: Tracing['fault'], run: { root: string; pid: number }): string[] {
  if (fault === undefined) return [];
  const { at, what } = fault;
  return ['-P', pathAt(at, run), '-e', `inject=${at.call}:${what}:when=${at.nth}`];
}

/** Each thread that Node has started by itself: no other touches the file system for it. */
async function threadsOf(pid: number): Promise<string[]> {
  return (await readdir(`/proc/${pid}/task`)).flatMap((thread) => ['-p', thread]);
}

async function attached(tracer: ChildProcess, times: number): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    tracer.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.match(/Process \d+ attached/g)?.length === times) resolve();
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
