import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseTarget } from '../../src/target/index.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureCodex, miniatureRelease } from '../support/miniature-release.ts';

export const COMMAND = fileURLToPath(new URL('../../bin/codex-runtime.js', import.meta.url));
export const TARGET = parseTarget('linux-x64');
export const OLD = '0.115.0';
export const NEW = '0.116.0';

/**
 * Loopback servers with two miniature releases; many sites may use them.
 * @param options.padding incompressible bytes behind the executable's script
 */
export async function startReleases({ padding = 0 } = {}): Promise<LoopbackGitHub> {
  const releases = [NEW, OLD].map((version) => {
    const script = Buffer.concat([miniatureCodex(version), Buffer.from('exit\n')]);
    const codex = Buffer.concat([script, randomBytes(padding)]);
    return miniatureRelease(version, { targets: [TARGET], executable: () => codex });
  });
  return await startLoopbackGitHub({ releases: await Promise.all(releases) });
}

/** A home and a prefix of their own, and the environment that leads `codex-runtime` to both. */
export interface Site extends AsyncDisposable {
  readonly root: string;
  readonly home: string;
  readonly prefix: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function makeSite(github: Pick<LoopbackGitHub, 'env'>): Promise<Site> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'codex-torture-')));
  const home = join(root, 'home');
  return {
    root,
    home,
    prefix: join(root, 'prefix'),
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: root,
      CODEX_RUNTIME_HOME: home,
      ...github.env,
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** How a run of the command ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function installWords(site: Pick<Site, 'prefix'>, version: string): string[] {
  return ['install', version, '--prefix', site.prefix, '--source', 'github', '--json'];
}

/** Runs `codex-runtime` to its end. */
export async function runCommand(
  site: Pick<Site, 'env'>,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return await runProgram(process.execPath, [COMMAND, ...words], { ...site.env, ...env });
}

/** Starts `codex-runtime` and leaves it to the caller; nobody reads what it says. */
export function startCommand(site: Pick<Site, 'env'>, words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...words], { env: site.env, stdio: 'ignore' });
}

export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve([status, signal]));
  });
  const [[status, signal], stdout, stderr] = await Promise.all([
    ended,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status, signal, stdout, stderr };
}
