import { chmod, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  findDamages,
  findRuntime,
  glanceDescription,
  loadDescription,
  type Runtime,
  sealFiles,
} from '../../src/store/index.ts';
import { asNobody, whyNotNobody } from '../support/as-nobody.ts';
import { makeReadOnly, mount, whyNoMounts } from '../support/mount.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY = {
  version: '0.115.0',
  target: 'x86_64-unknown-linux-musl',
  variant: 'package',
} as const;

/** A whole runtime, but for the time of one file and the mode of another. */
async function untidyRuntime(home: string): Promise<Runtime> {
  const runtime = await storedRuntime(home);
  await utimes(join(runtime.dir, 'bin/codex'), new Date(), new Date());
  await chmod(join(runtime.dir, 'codex-path/rg'), 0o777);
  return runtime;
}

const MODE_ALONE = [{ path: 'codex-path/rg', kind: 'mode', expected: '755', actual: '777' }];

describe.skipIf(whyNotNobody !== null)(`a store of somebody else's${whyNotNobody ?? ''}`, () => {
  it('is read, and only what cannot be mended in it is damage', async () => {
    const home = await tempDir();
    await chmod(home, 0o755);
    const { dir, manifest } = await untidyRuntime(home);
    await asNobody(async () => {
      expect(await findDamages(dir, manifest.files)).toEqual(MODE_ALONE);
      expect(await findRuntime(home, KEY)).toBeUndefined();
    });
    await chmod(join(dir, 'codex-path/rg'), 0o755);
    await asNobody(async () => {
      expect(await findDamages(dir, manifest.files)).toEqual([]);
      expect(await findRuntime(home, KEY)).toBeDefined();
    });
  });
});

describe.skipIf(whyNoMounts !== null)(`a store that is read-only${whyNoMounts ?? ''}`, () => {
  it('is read, and only what cannot be mended in it is damage', async () => {
    const home = await tempDir();
    await mount(home, 'size=1m');
    const { dir, manifest } = await untidyRuntime(home);
    makeReadOnly(home);
    expect(await findDamages(dir, manifest.files)).toEqual(MODE_ALONE);
  });
});

describe('a glance at a description', () => {
  const other = async (dir: string) => {
    const path = join(dir, 'runtime.json');
    // Another repository: no guard, and no file, can tell.
    const text = (await readFile(path, 'utf8')).replace('{', '{ "repo": "other/codex",');
    await writeFile(path, text);
  };

  it('sees what was written to since it was sealed', async () => {
    const { dir } = await storedRuntime(await tempDir());
    await sealFiles(dir, [{ path: 'runtime.json' }]);
    expect(glanceDescription(dir)).toEqual(await loadDescription(dir));
    expect(glanceDescription(dir)).toBeDefined();
    await other(dir);
    expect(glanceDescription(dir)).toBeUndefined();
  });

  it('believes a seal, as a look at the files does; a reading look does not', async () => {
    const { dir } = await storedRuntime(await tempDir());
    await other(dir);
    await sealFiles(dir, [{ path: 'runtime.json' }]);
    expect(glanceDescription(dir)).toMatchObject({ repo: 'other/codex' });
    expect(await loadDescription(dir)).toBeUndefined();
  });

  it('finds none where there is none, or something else', async () => {
    const dir = await tempDir();
    expect(glanceDescription(dir)).toBeUndefined();
    expect(glanceDescription(join(dir, 'runtime.json', 'x'))).toBeUndefined();
    await writeFile(join(dir, 'runtime.json'), '{');
    await sealFiles(dir, [{ path: 'runtime.json' }]);
    expect(glanceDescription(dir)).toBeUndefined();
  });
});
