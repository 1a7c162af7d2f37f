import { spawnSync } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DIR_CHECKSUMS } from '../../src/channels/index.ts';
import { formatLock, writeLock } from '../../src/lockfile/index.ts';
import { listChecksums } from '../../src/operations/list-checksums.ts';
import { pointDotslash } from '../../src/package/publish/point-dotslash.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Kills the process when it is about to put the new file in place. */
const KILLED = `
  import promises from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  promises.rename = () => process.kill(process.pid, 'SIGKILL');
  syncBuiltinESMExports();`;

const LOCK = { version: '0.115.0', repo: 'openai/codex', targets: {} } as const;
const TARBALL = 'codex-cli-bin/-/codex-cli-bin-0.115.0.tgz';
const DOTSLASH = `#!/usr/bin/env dotslash\n{"url": "https://one.example/${TARBALL}"}\n`;
const pointed = DOTSLASH.replace('one.example', 'two.example');
const RELEASE = {
  files: [{ ecosystem: 'node', package: { name: 'codex-cli-bin', version: '0.115.0' } }],
} as unknown as Parameters<typeof pointDotslash>[1];

const LISTED = [{ name: 'codex.tar.gz', sha256: 'a'.repeat(64) }];

/** What a user keeps beside their own files, and what it is replaced by. */
const WRITERS = {
  'codex-runtime.lock.json': {
    whole: formatLock(LOCK),
    write: (dir: string) => writeLock(join(dir, 'codex-runtime.lock.json'), LOCK),
    program: (dir: string) =>
      `const { writeLock } = await import('${pathToFileURL(join(ROOT, 'src/lockfile/index.ts'))}');
       await writeLock('${dir}/codex-runtime.lock.json', ${JSON.stringify(LOCK)});`,
  },
  codex: {
    whole: pointed,
    write: (dir: string) => pointDotslash(dir, RELEASE, 'https://two.example/'),
    program: (dir: string) =>
      `const { pointDotslash } = await import('${pathToFileURL(join(ROOT, 'src/package/publish/point-dotslash.ts'))}');
       await pointDotslash('${dir}', ${JSON.stringify(RELEASE)}, 'https://two.example/');`,
  },
  [DIR_CHECKSUMS]: {
    whole: `${'a'.repeat(64)}  codex.tar.gz\n`,
    write: (dir: string) => listChecksums(dir, LISTED),
    program: (dir: string) =>
      `const { listChecksums } = await import('${pathToFileURL(join(ROOT, 'src/operations/list-checksums.ts'))}');
       await listChecksums('${dir}', ${JSON.stringify(LISTED)});`,
  },
};

describe.each(Object.entries(WRITERS))('replacing %s', (name, { write, program, whole }) => {
  it('leaves nothing beside it', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, name), DOTSLASH);
    await Promise.all([write(dir), write(dir)]);
    expect(await readdir(dir)).toEqual([name]);
    expect(await readFile(join(dir, name), 'utf8')).not.toBe(DOTSLASH);
  });

  it('removes what a killed run left, with nothing to write too', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, name), DOTSLASH);
    const kill = () => {
      const words = ['--import', 'tsx', '--input-type=module', '-e', `${KILLED}\n${program(dir)}`];
      return spawnSync(process.execPath, words, { cwd: ROOT, timeout: 60_000 }).signal;
    };
    expect(kill()).toBe('SIGKILL');
    expect(await readdir(dir)).toHaveLength(2);
    expect(await readFile(join(dir, name), 'utf8')).toBe(DOTSLASH);
    // What is there says everything already.
    await writeFile(join(dir, name), whole);
    await write(dir);
    expect(await readdir(dir)).toEqual([name]);
  });
});

it('leaves alone what it did not make, and what a running process makes', async () => {
  const dir = await tempDir();
  const lock = join(dir, 'codex-runtime.lock.json');
  const others = ['codex-runtime.lock.json.orig', `codex-runtime.lock.json.${process.pid}-1-x.new`];
  for (const other of others) await writeFile(join(dir, other), '');
  expect(await writeLock(lock, LOCK)).toBe(true);
  const { mtimeMs } = await stat(lock);
  expect(await writeLock(lock, LOCK)).toBe(false);
  expect((await stat(lock)).mtimeMs).toBe(mtimeMs);
  expect(await readdir(dir)).toEqual(expect.arrayContaining(others));
});
