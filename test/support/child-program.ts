import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Starts a TypeScript program of this repository in a process of its own, for what only a process
 * can show: being killed, memory, open handles.
 *
 * @param program Relative to the repository's root.
 * @param outDir Where its bundle goes; the caller removes it.
 */
export async function startProgram(
  program: string,
  outDir: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const outfile = join(outDir, 'program.cjs');
  await build({
    entryPoints: [join(ROOT, program)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    // Packages are then found by NODE_PATH, which import() does not look at.
    supported: { 'dynamic-import': false },
    logLevel: 'error',
  });
  return spawn(process.execPath, [outfile, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_PATH: join(ROOT, 'node_modules') },
  });
}
