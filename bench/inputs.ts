import { execFile } from 'node:child_process';
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const BIN = join(ROOT, 'bin', 'codex-runtime.js');
/** Inputs and scratch space; ignored by git, kept between runs. */
export const BENCH_DIR = join(ROOT, '.bench');
export const VERSION = '0.169.0';
export const TRIPLE = 'x86_64-unknown-linux-musl';

export interface Inputs {
  /** The real executable, 294 MB. */
  readonly executable: string;
  /** The whole runtime tree, 420 MB. */
  readonly tree: string;
  /** `codex-<triple>.tar.gz` of the executable, 118 MB. */
  readonly tarGz: string;
  /** `codex-<triple>.zst` of the executable. */
  readonly zst: string;
}

/** Makes the inputs from the real runtime on npm; what a run before has left is taken. */
export async function prepareInputs(): Promise<Inputs> {
  const env = { ...process.env, CODEX_RUNTIME_HOME: join(BENCH_DIR, 'home') };
  const { stdout } = await run(process.execPath, [BIN, 'which', VERSION, '--source', 'npm', '-q'], {
    env,
  });
  const executable = stdout.trim();
  const bare = join(BENCH_DIR, 'assets', `codex-${TRIPLE}`);
  await mkdir(dirname(bare), { recursive: true });
  if (!(await exists(bare))) await copyFile(executable, bare);
  const [tarGz, zst] = [`${bare}.tar.gz`, `${bare}.zst`];
  if (!(await exists(tarGz))) {
    await run('tar', ['-C', dirname(bare), '-czf', tarGz, `codex-${TRIPLE}`]);
  }
  if (!(await exists(zst))) await run('zstd', ['-q', '-T0', bare, '-o', zst]);
  return { executable, tree: dirname(dirname(executable)), tarGz, zst };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
