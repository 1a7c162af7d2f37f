import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatLock, LOCKFILE_NAME, loadLock, writeLock } from '../../src/lockfile/index.ts';
import { asNobody, whyNotNobody } from '../support/as-nobody.ts';
import { failure } from '../support/failure.ts';
import { mount, whyNoMounts } from '../support/mount.ts';
import { tempDir } from '../support/temp-dir.ts';

const LOCK = { version: '0.115.0', repo: 'openai/codex', targets: {} };
const STRANGER = 54_321;

/** A directory that has a lockfile, and one two levels below it. */
async function project() {
  const root = await tempDir();
  const cwd = join(root, 'packages', 'one');
  await mkdir(cwd, { recursive: true });
  const path = join(root, LOCKFILE_NAME);
  await writeFile(path, formatLock(LOCK));
  return { root, cwd, path };
}

const load = async (cwd: string, lockfile: string | null = null) => loadLock({ cwd, lockfile });

describe('the lockfile', () => {
  it('is the nearest one upward', async () => {
    const { cwd, path } = await project();
    expect(await load(cwd)).toEqual({ lock: LOCK, path, ignored: [], cwd });
  });

  it('of a directory that does not exist any more is found above it all the same', async () => {
    const { cwd, path } = await project();
    expect(await load(join(cwd, 'gone'))).toMatchObject({ path });
  });

  it.each([
    ['a repository', '.git'],
    ["another system's repository", '.hg'],
  ])('is not looked for above %s', async (_what, mark) => {
    const { root, cwd } = await project();
    await mkdir(join(root, 'packages', mark));
    expect(await load(cwd)).toEqual({ lock: null, path: null, ignored: [], cwd });
    await writeFile(join(root, 'packages', LOCKFILE_NAME), formatLock(LOCK));
    expect(await load(cwd)).toMatchObject({ path: join(root, 'packages', LOCKFILE_NAME) });
  });

  it('is not looked for above a worktree, whose .git is a file', async () => {
    const { root, cwd } = await project();
    await writeFile(join(root, 'packages', '.git'), 'gitdir: /elsewhere\n');
    expect(await load(cwd)).toMatchObject({ lock: null });
  });

  const mounted = it.skipIf(whyNoMounts !== null);
  mounted(`is not looked for on the file system above this one${whyNoMounts ?? ''}`, async () => {
    const { root, cwd } = await project();
    await mount(join(root, 'packages'), 'size=1m');
    await mkdir(cwd, { recursive: true });
    expect(await load(cwd)).toEqual({ lock: null, path: null, ignored: [], cwd });
  });
});

describe(`a lockfile that others could have written${whyNotNobody ?? ''}`, () => {
  const test = it.skipIf(whyNotNobody !== null);

  test('is passed over, and the one above it counts', async () => {
    const { root, cwd, path } = await project();
    const foreign = join(root, 'packages', LOCKFILE_NAME);
    await writeFile(foreign, formatLock({ ...LOCK, repo: 'mallory/codex' }));
    await chown(foreign, STRANGER, STRANGER);
    const ignored = [{ path: foreign, reason: `belongs to user ${STRANGER}` }];
    expect(await load(cwd)).toEqual({ lock: LOCK, path, ignored, cwd });
  });

  test('is passed over where everybody can write to its directory', async () => {
    const { root, cwd, path } = await project();
    await chmod(root, 0o1777);
    const reason = 'lies in a directory that everybody can write to';
    expect(await load(cwd)).toMatchObject({ path: null, ignored: [{ path, reason }] });
  });

  test("is passed over where it is a stranger's link to a file of the user's own", async () => {
    const { root, cwd, path } = await project();
    const link = join(root, 'packages', LOCKFILE_NAME);
    await symlink(path, link);
    execFileSync('chown', ['-h', String(STRANGER), link]);
    expect(await load(cwd)).toMatchObject({ path, ignored: [{ path: link }] });
  });

  test("is passed over where it is a link into everybody's directory", async () => {
    const { root, cwd, path } = await project();
    const shared = join(await tempDir(), 'shared.json');
    await writeFile(shared, formatLock(LOCK));
    await chmod(join(shared, '..'), 0o777);
    const link = join(root, 'packages', LOCKFILE_NAME);
    await symlink(shared, link);
    expect(await load(cwd)).toMatchObject({ path, ignored: [{ path: link }] });
  });

  test('counts where it belongs to root', async () => {
    const { root, cwd, path } = await project();
    for (const dir of [root, join(root, 'packages'), cwd]) await chmod(dir, 0o755);
    expect(await asNobody(() => load(cwd))).toMatchObject({ path });
  });

  test('counts where it belongs to the owner of the working directory, as in a container', async () => {
    const { cwd, path } = await project();
    for (const each of [cwd, path]) await chown(each, STRANGER, STRANGER);
    expect(await load(cwd)).toMatchObject({ path, ignored: [] });
  });

  test('counts in a directory that a group can write to', async () => {
    const { root, cwd, path } = await project();
    await chmod(root, 0o775);
    expect(await load(cwd)).toMatchObject({ path, ignored: [] });
  });

  test('counts where it is named, by its path or its directory', async () => {
    const { root, cwd, path } = await project();
    await chown(path, STRANGER, STRANGER);
    expect(await load(cwd)).toMatchObject({ path: null });
    expect(await load(cwd, path)).toMatchObject({ path, ignored: [] });
    expect(await load(cwd, root)).toMatchObject({ path, ignored: [] });
  });
});

describe('what has the name of a lockfile and is none', () => {
  it.each<[string, (path: string) => unknown]>([
    ['a directory', (path) => mkdir(path)],
    ['a pipe, which it does not wait for', (path) => execFileSync('mkfifo', [path])],
    ['a device that never ends', (path) => symlink('/dev/zero', path)],
  ])('is passed over: %s', async (_what, make) => {
    const { root, cwd, path } = await project();
    const other = join(root, 'packages', LOCKFILE_NAME);
    await make(other);
    expect(await load(cwd)).toMatchObject({ path, ignored: [{ path: other }] });
  });

  it.each<[string, (path: string) => unknown]>([
    ['a link to itself', (path) => symlink(path, path)],
    ['a link to nothing', (path) => symlink('nothing', path)],
    [
      'a file of 8 GB, which it does not read',
      async (path) => {
        await writeFile(path, '');
        await truncate(path, 8 * 2 ** 30);
      },
    ],
  ])('is refused where its digests could get lost: %s', async (_what, make) => {
    const dir = await tempDir();
    await make(join(dir, LOCKFILE_NAME));
    expect((await failure(load(dir))).code).toBe('LOCK_INVALID');
  });
});

describe('a lockfile that is named', () => {
  it('has to exist', async () => {
    const dir = await tempDir();
    const error = await failure(load(dir, join(dir, 'other.json')));
    expect(error).toMatchObject({ code: 'PIN_MISSING', fields: { path: join(dir, 'other.json') } });
  });
});

describe('writeLock', () => {
  it('writes through a link, which stays one', async () => {
    const { path, cwd } = await project();
    const link = join(cwd, LOCKFILE_NAME);
    await symlink(path, link);
    expect(await writeLock(link, { ...LOCK, version: '0.116.0' })).toBe(true);
    expect(await readFile(path, 'utf8')).toContain('0.116.0');
    expect(await readFile(link, 'utf8')).toContain('0.116.0');
  });
});
