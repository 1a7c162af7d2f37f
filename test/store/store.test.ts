import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  commitRuntime,
  findDamages,
  findRuntime,
  formatManifest,
  homeLayout,
  listRuntimes,
  openStaging,
  type Runtime,
  type RuntimeKey,
  type RuntimeManifest,
  removeRuntime,
  runtimeDir,
} from '../../src/store/index.ts';
import { asNobody, whyNotNobody } from '../support/as-nobody.ts';
import { failure } from '../support/failure.ts';
import { HELD } from '../support/held.ts';
import { miniatureRuntime } from '../support/miniature-runtime.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY: RuntimeKey = {
  version: '0.115.0',
  target: 'x86_64-unknown-linux-musl',
  variant: 'package',
};

/** Builds a miniature runtime in a staging directory of `home` and commits it. */
async function commit(home: string, options: { replace?: boolean } = {}): Promise<Runtime> {
  const staging = await openStaging(home, KEY, HELD);
  const { manifest } = await miniatureRuntime(staging);
  await rm(join(staging, 'runtime.json'));
  return await commitRuntime(home, { staging, manifest, ...options });
}

describe('commitRuntime', () => {
  it('makes the runtime visible under version, triple and variant', async () => {
    const home = await tempDir();
    const runtime = await commit(home);
    expect(runtime.dir).toBe(join(home, 'store', KEY.version, KEY.target, KEY.variant));
    expect(await findRuntime(home, KEY)).toEqual(runtime);
    expect(await readdir(homeLayout(home).staging)).toEqual([]);
  });

  it('keeps a whole runtime that is already there', async () => {
    const home = await tempDir();
    const { dir } = await commit(home);
    const before = await stat(join(dir, 'bin/codex'));
    await commit(home);
    expect((await stat(join(dir, 'bin/codex'))).ino).toBe(before.ino);
  });

  it('replaces a whole runtime when it is told to', async () => {
    const home = await tempDir();
    const { dir } = await commit(home);
    const before = await stat(join(dir, 'bin/codex'));
    await commit(home, { replace: true });
    expect((await stat(join(dir, 'bin/codex'))).ino).not.toBe(before.ino);
  });

  it.each<[string, (dir: string) => Promise<unknown>]>([
    ['a missing file', (dir) => rm(join(dir, 'codex-path/rg'))],
    ['a shorter file', (dir) => writeFile(join(dir, 'bin/codex'), '#!/bin/sh\n')],
    ['a manifest that is not JSON', (dir) => writeFile(join(dir, 'runtime.json'), '{')],
    ['no manifest', (dir) => rm(join(dir, 'runtime.json'))],
    ['a changed byte', (dir) => flipByte(join(dir, 'bin/codex'))],
    ['a file where a directory was', (dir) => replaceBin(dir, (bin) => writeFile(bin, ''))],
    [
      'a directory that leads to itself',
      (dir) => replaceBin(dir, (bin) => symlink('bin', bin, 'junction')),
    ],
  ])('replaces a runtime with %s', async (_what, damage) => {
    const home = await tempDir();
    const { dir } = await commit(home);
    await damage(dir);
    expect(await findRuntime(home, KEY)).toBeUndefined();
    await commit(home);
    expect(await findRuntime(home, KEY)).toBeDefined();
  });
});

describe('findRuntime', () => {
  it('knows nothing of a home that is not there', async () => {
    expect(await findRuntime(join(await tempDir(), 'none'), KEY)).toBeUndefined();
  });

  it('takes a touched file whose bytes are right, and seals it again', async () => {
    const home = await tempDir();
    const { dir } = await commit(home);
    const sealed = (await stat(join(dir, 'bin/codex'))).mtimeMs;
    await utimes(join(dir, 'bin/codex'), new Date(), new Date());
    expect(await findRuntime(home, KEY)).toBeDefined();
    expect((await stat(join(dir, 'bin/codex'))).mtimeMs).toBe(sealed);
  });

  it('mends a mode that was changed', async () => {
    const home = await tempDir();
    const { dir } = await commit(home);
    await chmod(join(dir, 'bin/codex'), 0o600);
    expect(await findRuntime(home, KEY)).toBeDefined();
    expect((await stat(join(dir, 'bin/codex'))).mode & 0o777).toBe(0o755);
  });

  it.each<[string, (text: string) => string]>([
    ['of another version than its name', (text) => text.replace('"0.115.0"', '"0.116.0"')],
    [
      'with a signature of another form',
      (text) => text.replace('"packageAvailable"', '"signature": true, "packageAvailable"'),
    ],
    ['whose paths lead outside', (text) => text.replace('codex-path/rg', '../../etc/rg')],
    ['with a path that no disk takes', (text) => text.replace('codex-path/rg', 'r'.repeat(300))],
  ])('refuses a manifest %s', async (_what, edit) => {
    const home = await tempDir();
    const { dir, manifest } = await commit(home);
    const edited: RuntimeManifest = JSON.parse(edit(JSON.stringify(manifest)));
    expect(edited).not.toEqual(manifest);
    await writeFile(join(dir, 'runtime.json'), formatManifest(edited));
    expect(await findRuntime(home, KEY)).toBeUndefined();
  });

  it('refuses a manifest that was edited, whatever it says', async () => {
    const home = await tempDir();
    const { dir } = await commit(home);
    const path = join(dir, 'runtime.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"npm"', '"github"'));
    expect(await findRuntime(home, KEY)).toBeUndefined();
  });
});

describe('findDamages', () => {
  it('touches nothing behind a link to a directory, not even the same bytes', async () => {
    const home = await tempDir();
    const { dir, manifest } = await commit(home);
    const outside = join(home, 'outside');
    await rename(join(dir, 'bin'), outside);
    await symlink(outside, join(dir, 'bin'), 'junction');
    await chmod(join(outside, 'codex'), 0o600);
    expect(await findDamages(dir, manifest.files)).toEqual([
      { path: 'bin/codex', kind: 'not-a-file' },
    ]);
    expect(await findRuntime(home, KEY)).toBeUndefined();
    expect((await stat(join(outside, 'codex'))).mode & 0o777).toBe(0o600);
  });

  it('names a changed byte with both digests, although size and time are right', async () => {
    const home = await tempDir();
    const { dir, manifest } = await commit(home);
    const path = join(dir, 'codex-path/rg');
    const { atime, mtime } = await stat(path);
    await flipByte(path);
    await utimes(path, atime, mtime);
    expect(await findDamages(dir, manifest.files)).toMatchObject([
      { path: 'codex-path/rg', kind: 'digest', expected: expect.any(String) },
    ]);
  });

  it('reads nothing more once it is aborted', async () => {
    const home = await tempDir();
    const { dir, manifest } = await commit(home);
    const work = findDamages(dir, manifest.files, AbortSignal.abort());
    expect((await failure(work)).code).toBe('ABORTED');
  });
});

describe('openStaging', () => {
  it('removes what a killed process left under the same name, and nothing else', async () => {
    const home = await tempDir();
    const left = await openStaging(home, KEY, HELD);
    const other = await openStaging(home, { ...KEY, version: '0.116.0' }, HELD);
    await mkdir(join(left, 'bin'));
    const fresh = await openStaging(home, KEY, HELD);
    const names = (await readdir(homeLayout(home).staging)).map((name) =>
      join(homeLayout(home).staging, name),
    );
    expect(names.sort()).toEqual([fresh, other].sort());
  });

  it('removes nothing when another process has taken the lock over', async () => {
    const home = await tempDir();
    const theirs = await openStaging(home, KEY, HELD);
    const lost = { verifyHeld: () => Promise.reject(new Error('taken over')) };
    await expect(openStaging(home, KEY, lost)).rejects.toThrow();
    expect(await readdir(homeLayout(home).staging)).toEqual([basename(theirs)]);
  });
});

describe('removeRuntime', () => {
  it('takes the runtime and its empty parents away', async () => {
    const home = await tempDir();
    const runtime = await commit(home);
    expect((await listRuntimes(home)).map(({ dir }) => dir)).toEqual([runtimeDir(home, KEY)]);
    await removeRuntime(home, runtime);
    expect(await listRuntimes(home)).toEqual([]);
    expect(await readdir(homeLayout(home).store)).toEqual([]);
  });
});

async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** Puts something else in the place of the directory that holds the executable. */
async function replaceBin(dir: string, make: (bin: string) => Promise<unknown>): Promise<void> {
  const bin = join(dir, 'bin');
  await rm(bin, { recursive: true });
  await make(bin);
}

describe('a store without write bits', () => {
  /** Takes from or gives to every file and directory below `dir`. */
  async function changeModes(dir: string, change: (mode: number) => number): Promise<void> {
    for (const name of await readdir(dir, { recursive: true })) {
      const path = join(dir, name);
      await chmod(path, change((await stat(path)).mode & 0o777));
    }
    await chmod(dir, change((await stat(dir)).mode & 0o777));
  }

  it.skipIf(whyNotNobody !== null)(
    `serves whoever can read and run it${whyNotNobody ?? ''}`,
    async () => {
      const home = await tempDir();
      await chmod(home, 0o755);
      const { dir } = await commit(home);
      await changeModes(dir, (mode) => mode & 0o555);
      expect(await asNobody(() => findRuntime(home, KEY))).toMatchObject({ dir });
      await chmod(join(dir, 'bin/codex'), 0o444);
      expect(await asNobody(() => findRuntime(home, KEY))).toBeUndefined();
    },
  );

  it.skipIf(whyNotNobody !== null)(
    `does not serve where others than its owner may write${whyNotNobody ?? ''}`,
    async () => {
      const home = await tempDir();
      await chmod(home, 0o755);
      const { dir } = await commit(home);
      await chmod(join(dir, 'bin/codex'), 0o777);
      expect(await asNobody(() => findRuntime(home, KEY))).toBeUndefined();
    },
  );
});

it('the removal of one target leaves what another brings at the same time', async () => {
  const home = await tempDir();
  for (let round = 0; round < 60; round += 1) {
    const first = await storedRuntime(home);
    const { dir } = first;
    const other = { ...KEY, target: 'aarch64-unknown-linux-musl' } as const;
    const staging = await openStaging(home, other, HELD);
    const { manifest } = await miniatureRuntime(staging, { target: 'linux-arm64' });
    await rm(join(staging, 'runtime.json'));
    const [, brought] = await Promise.all([
      removeRuntime(home, first),
      commitRuntime(home, { staging, manifest }),
    ]);
    expect(await findRuntime(home, other), `round ${round}`).toEqual(brought);
    await removeRuntime(home, brought);
    expect(await readdir(homeLayout(home).store)).toEqual([]);
    expect(dir).not.toBe(brought.dir);
  }
});

it('the removal of what is gone is done', async () => {
  const home = await tempDir();
  const runtime = await commit(home);
  await Promise.all([removeRuntime(home, runtime), removeRuntime(home, runtime)]);
  expect(await findRuntime(home, KEY)).toBeUndefined();
});
