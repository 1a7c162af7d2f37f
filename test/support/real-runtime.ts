import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const PATIENCE_MS = 170_000;

/**
 * Path of the real platform tarball `@openai/codex@<version>-<npmTag>`, fetched from the npm
 * registry once per run: the first worker that asks packs it, the others wait for its file.
 */
export async function realTarball(version: string, npmTag = 'linux-x64'): Promise<string> {
  const dir = join(inject('runDir'), `npm-${version}-${npmTag}`);
  const file = join(dir, 'runtime.tgz');
  const mine = await mkdir(dir).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
  if (mine) await pack(`@openai/codex@${version}-${npmTag}`, join(dir, 'packing'), file);
  else await appears(file);
  return file;
}

async function pack(spec: string, into: string, file: string): Promise<void> {
  await mkdir(into);
  // npm tells where it lives when it started this process; elsewhere it is on PATH.
  const cli = process.env['npm_execpath'];
  const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  const args = [...first, 'pack', spec, '--pack-destination', into, '--silent'];
  await promisify(execFile)(command, args, { cwd: into, timeout: PATIENCE_MS });
  const [name] = await readdir(into);
  if (name === undefined) throw new Error(`npm pack ${spec} left no file`);
  await rename(join(into, name), file);
}

async function appears(file: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    if ((await stat(file).catch(() => null)) !== null) return;
    await sleep(100);
  }
  throw new Error(`No other worker has fetched ${file} in time`);
}
