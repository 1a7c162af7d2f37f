import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { childEnvironment } from '../child/environment.ts';
import { runProgram } from '../child/run-program.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { Settings } from '../request/index.ts';
import { type CodexOwner, ownerOf } from './codex-owner.ts';
import { lookAtProcesses } from './processes.ts';

/** A process of this user that serves clients of Codex, or keeps such a server up to date. */
export interface RunningServer extends CodexOwner {
  readonly pid: number;
  /** Absolute path of its executable; the file itself may be gone. */
  readonly executable: string;
  /** `updater`: the process by which the vendor's daemon looks for newer versions. */
  readonly role: 'server' | 'updater';
}

interface Process {
  readonly pid: number;
  readonly executable: string;
  readonly args: readonly string[];
}

/** Null where the platform does not tell without other programs. */
export async function runningServers({
  env,
  host: { platform },
}: Pick<Settings, 'env' | 'host'>): Promise<readonly RunningServer[] | null> {
  const processes =
    platform === 'linux'
      ? await processesOfProc()
      : platform === 'darwin'
        ? await processesOfPs(env)
        : null;
  if (processes === null) return null;
  const servers: RunningServer[] = [];
  for (const { pid, executable, args } of processes) {
    const role = roleOf(executable, args);
    if (role === undefined) continue;
    servers.push({ pid, executable, role, ...(await ownerOf(executable)) });
  }
  return servers;
}

/** Exported for its test. `args` are the words behind the program's name. */
export function roleOf(
  executable: string,
  args: readonly string[],
): RunningServer['role'] | undefined {
  const name = basename(executable);
  if (name === 'codex-app-server') return 'server';
  if (!/^codex(\.exe)?$|^codex-(x86_64|aarch64)-/.test(name)) return undefined;
  const at = args.indexOf('app-server');
  if (at === -1) return undefined;
  const words = args.slice(at + 1).filter((word) => !word.startsWith('-'));
  if (words[0] === 'daemon') return words[1] === 'pid-update-loop' ? 'updater' : undefined;
  return ['proxy', 'generate-ts', 'generate-json-schema', 'help'].includes(words[0] ?? '')
    ? undefined
    : 'server';
}

async function processesOfProc(): Promise<readonly Process[]> {
  const uid = process.getuid?.();
  return await lookAtProcesses(async ({ pid, dir, executable }) => {
    if (!basename(executable).startsWith('codex')) return undefined;
    if ((await stat(dir)).uid !== uid) return undefined;
    const [, ...args] = (await readFile(join(dir, 'cmdline'), 'utf8')).split('\0');
    return { pid, executable, args };
  });
}

async function processesOfPs(env: Settings['env']): Promise<readonly Process[] | null> {
  const failed = (cause: unknown) =>
    new CodexRuntimeError('UNEXPECTED', 'ps could not be started.', { cause });
  try {
    const { status, stdout } = await runProgram({
      file: 'ps',
      args: ['-xww', '-o', 'pid=,command='],
      env: childEnvironment(env, () => false),
      notStarted: failed,
      timeoutMs: 10_000,
    });
    return status === 0 ? parsePs(stdout) : null;
  } catch {
    return null;
  }
}

/**
 * Lines of a process id and a command line. Exported for its test. A program's path may have spaces:
 * it ends where `codex` does.
 */
export function parsePs(text: string): readonly Process[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, executable, rest = ''] =
      /^\s*(\d+) (\/.*?\/codex[^\s/]*)(?: (.*))?$/.exec(line) ?? [];
    if (pid === undefined || executable === undefined) return [];
    return [{ pid: Number(pid), executable, args: rest.split(' ').filter((word) => word !== '') }];
  });
}
