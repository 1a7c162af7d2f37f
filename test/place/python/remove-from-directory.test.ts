import { execFileSync } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import {
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { installIntoDirectory } from '../../../src/place/python/directory.ts';
import { removeFromDirectory } from '../../../src/place/python/remove-from-directory.ts';
import { asNobody, whyNotNobody } from '../../support/as-nobody.ts';
import { failure } from '../../support/failure.ts';
import { PATIENT } from '../../support/held.ts';
import { pipLike } from '../../support/pip-like.ts';
import { tempDir } from '../../support/temp-dir.ts';

const importName = 'codex_cli_bin';
const METADATA = 'codex_cli_bin-0.115.0.dist-info';

async function installed(prefix: string): Promise<void> {
  const fill = (target: string) => pipLike(target, '0.115.0');
  await installIntoDirectory({ prefix, importName, entrypoint: 'bin/codex', fill, ...PATIENT });
}

async function tree(dir: string): Promise<readonly string[]> {
  return (await readdir(dir, { recursive: true })).sort();
}

describe('removeFromDirectory', () => {
  it.each([
    ['we installed', installed],
    ['pip installed', (prefix: string) => pipLike(prefix, '0.115.0')],
  ])('removes what %s, and then finds nothing', async (_, install) => {
    const prefix = await tempDir();
    await mkdir(join(prefix, 'other'));
    await install(prefix);
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(true);
    expect(await tree(prefix)).toEqual(['other']);
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(false);
    expect(await tree(prefix)).toEqual(['other']);
  });

  it('makes no directory to find that there is none', async () => {
    const prefix = join(await tempDir(), 'none');
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(false);
    await expect(readdir(prefix)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps commands of others, whatever their links are called', async () => {
    const prefix = await tempDir();
    await installed(prefix);
    const links = {
      notes: '../.codex_cli_bin_notes/x',
      elsewhere: '/elsewhere/.codex_cli_bin/current/codex_cli_bin/bin/codex',
      package: '../codex_cli_bin_extra/bin/x',
    };
    for (const [name, text] of Object.entries(links))
      await symlink(text, join(prefix, 'bin', name));
    await symlink('../.codex_cli_bin/current/codex_cli_bin/bin/codex', join(prefix, 'bin/codex2'));
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(true);
    expect((await readdir(join(prefix, 'bin'))).sort()).toEqual(Object.keys(links).sort());
    expect(await readlink(join(prefix, 'bin/notes'))).toBe(links.notes);
  });

  it.each([
    ['we installed', installed],
    ['pip installed', (prefix: string) => pipLike(prefix, '0.115.0')],
  ])('keeps a codex that somebody wrote over the one that %s', async (_, install) => {
    const prefix = await tempDir();
    await install(prefix);
    await rm(join(prefix, 'bin/codex'));
    await writeFile(join(prefix, 'bin/codex'), 'mine');
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(true);
    expect(await tree(prefix)).toEqual(['bin', 'bin/codex']);
    expect(await readFile(join(prefix, 'bin/codex'), 'utf8')).toBe('mine');
  });

  it('takes neither a package of its name that it did not install, nor what describes that', async () => {
    const prefix = await tempDir();
    const sources = await tempDir();
    await writeFile(join(sources, '__init__.py'), '');
    await mkdir(join(prefix, METADATA));
    await symlink(sources, join(prefix, importName));
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(false);
    await rm(join(prefix, importName));
    await mkdir(join(prefix, importName));
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(false);
    expect(await tree(prefix)).toEqual([importName, METADATA]);
    expect(await tree(sources)).toEqual(['__init__.py']);
  });

  it('removes a package of ours that lost its description, and metadata that lost its package', async () => {
    const prefix = await tempDir();
    await pipLike(prefix, '0.115.0');
    await rm(join(prefix, importName, 'runtime.json'));
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(true);
    await mkdir(join(prefix, METADATA));
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(true);
    expect(await tree(prefix)).toEqual([]);
  });

  it('clears away what a run left that was killed between its steps', async () => {
    const prefix = await tempDir();
    await installed(prefix);
    await rm(join(prefix, '.codex_cli_bin/current'));
    await rm(join(prefix, importName));
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(true);
    expect(await tree(prefix)).toEqual([]);
  });

  it('waits for an installation, and then removes what that brought', async () => {
    const prefix = await tempDir();
    let removing: Promise<boolean> | undefined;
    const fill = async (target: string) => {
      removing = removeFromDirectory({ prefix, importName }, PATIENT);
      await pipLike(target, '0.115.0');
      await sleep(200);
    };
    await installIntoDirectory({ prefix, importName, entrypoint: 'bin/codex', fill, ...PATIENT });
    expect(await removing).toBe(true);
    expect(await tree(prefix)).toEqual([]);
  });

  it('does nothing any more once another process has taken its lock over', async () => {
    const prefix = await tempDir();
    await installed(prefix);
    const lock = join(prefix, '.codex_cli_bin/install.lock');
    const record = join(prefix, 'codex_cli_bin-0.114.0.dist-info/RECORD');
    await mkdir(dirname(record));
    // Whoever reads a pipe waits for a writer: so we know when the lock is held.
    execFileSync('mkfifo', [record]);
    const before = await tree(prefix);
    let done = false;
    const removing = failure(removeFromDirectory({ prefix, importName }, PATIENT)).finally(() => {
      done = true;
    });
    let losses = 0;
    while (!done) {
      const pipe = await open(record, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null);
      if (pipe === null) {
        await sleep(5);
        continue;
      }
      await writeFile(lock, OTHERS);
      losses += 1;
      await pipe.close();
    }
    const error = await removing;
    expect(losses).toBeGreaterThan(2);
    expect(error.code).toBe('STORE_BUSY');
    await rm(lock, { force: true });
    expect(await tree(prefix)).toEqual(before);
  });

  it('removes nothing through a link in place of its builds', async () => {
    const [prefix, elsewhere] = [await tempDir(), await tempDir()];
    await writeFile(join(elsewhere, 'kept'), '');
    await symlink(elsewhere, join(prefix, '.codex_cli_bin'));
    const removing = removeFromDirectory({ prefix, importName }, PATIENT);
    expect(await failure(removing)).toMatchObject({ code: 'PREFIX_INVALID', exitStatus: 8 });
    expect(await tree(elsewhere)).toEqual(['kept']);
  });
});

describe.skipIf(whyNotNobody !== null)(`a removal that may not go on${whyNotNobody ?? ''}`, () => {
  it.each([
    ['we installed', installed, 'bin'],
    ['pip installed', (prefix: string) => pipLike(prefix, '0.115.0'), `${importName}/bin`],
  ])('leaves none of what %s to be found, and the next one ends it', async (_, install, dir) => {
    const prefix = await tempDir();
    await install(prefix);
    execFileSync('chown', ['-R', '65534', prefix]);
    // Whoever may not write to a directory may not remove what it holds.
    await chown(join(prefix, dir), 0, 0);
    const removing = asNobody(() => failure(removeFromDirectory({ prefix, importName }, PATIENT)));
    expect((await removing).code).toBe('PERMISSION_DENIED');
    const found = [importName, `${importName}/__init__.py`, `${importName}/bin/codex`];
    for (const path of found) expect(existsSync(join(prefix, path))).toBe(false);
    if (dir === 'bin') expect(existsSync(join(prefix, 'bin/codex'))).toBe(false);
    expect(await removeFromDirectory({ prefix, importName }, PATIENT)).toBe(true);
    expect(await tree(prefix)).toEqual([]);
  });
});

const OTHERS = JSON.stringify({ pid: 1, space: 'elsewhere', token: 'theirs' });
