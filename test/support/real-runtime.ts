import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { inject } from 'vitest';

const PATIENCE_MS = 170_000;

/**
 * Path of the real platform tarball `@openai/codex@<version>-<npmTag>`, fetched from the npm
 * registry once per run: the first worker that asks packs it, the others wait for its file.
 */
export async function realTarball(version: string, npmTag = 'linux-x64'): Promise<string> {
  const dir = join(inject('runDir'), `npm-${version}-${npmTag}`);
  const file = join(dir, 'runtime.tgz');
  if (await claim(dir))
    await pack(`@openai/codex@${version}-${npmTag}`, join(dir, 'packing'), file);
  else await appears(file);
  return file;
}

/**
 * Path of a directory with the real runtime's tree for this host, unpacked once per run:
 * `bin/codex`, `codex-path/rg` and whatever else that version has.
 */
export async function realRuntime(version: string, npmTag = 'linux-x64'): Promise<string> {
  const dir = join(inject('runDir'), `runtime-${version}-${npmTag}`);
  const tree = join(dir, 'tree');
  if (await claim(dir))
    await unpack(await realTarball(version, npmTag), join(dir, 'unpacking'), tree);
  else await appears(tree);
  return tree;
}

async function unpack(tarball: string, into: string, tree: string): Promise<void> {
  await mkdir(into);
  const filter = (path: string) => path.startsWith('package/vendor/');
  await extract({ file: tarball, cwd: into, strip: 3, filter });
  // Old platform packages keep their two files elsewhere.
  if ((await readdir(into)).includes('path')) {
    await rename(join(into, 'codex'), join(into, 'bin'));
    await rename(join(into, 'path'), join(into, 'codex-path'));
  }
  await rename(into, tree);
}

async function claim(dir: string): Promise<boolean> {
  return mkdir(dir).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
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
