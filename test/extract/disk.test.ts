import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { extractRuntime } from '../../src/extract/index.ts';
import { tar } from '../support/archives.ts';
import { bundledFixture } from '../support/bundled-fixture.ts';
import { assetOf, chunksOf } from '../support/extract-request.ts';
import { failure } from '../support/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

const ARCHIVE = gzipSync(
  tar([
    { name: 'bin/codex', body: Buffer.alloc(300_000, 'codex'), mode: 0o755 },
    { name: 'codex-resources/data/x.json', body: '{}', mode: 0o600 },
  ]),
);

interface Outcome {
  readonly files?: readonly { readonly path: string; readonly mode: number }[];
  readonly error?: Readonly<Record<string, unknown>>;
}

let child: string;
beforeAll(async () => {
  child = await bundledFixture('extract-child');
});

async function inChild(umask: string, shell = ''): Promise<Outcome & { destination: string }> {
  const dir = await tempDir();
  const destination = join(dir, 'destination');
  await mkdir(destination);
  await writeFile(join(dir, 'archive'), ARCHIVE);
  const command = `${shell} exec "$0" "$@"`;
  const args = [child, join(dir, 'archive'), destination, umask];
  const env = { PATH: process.env['PATH'] };
  const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, ...args], {
    env,
  });
  return { ...(JSON.parse(stdout) as Outcome), destination };
}

async function unpackInto(destination: string, archive = ARCHIVE): Promise<unknown> {
  const path = join(await tempDir(), 'archive');
  return await extractRuntime({
    asset: assetOf({}),
    bytes: chunksOf(archive, 1_000),
    path,
    destination,
  });
}

describe('modes', () => {
  it.each(['077', '000', '022', '777'])('come from the policy under umask %s', async (umask) => {
    const { files, destination } = await inChild(umask);
    expect(files?.map(({ path, mode }) => [path, mode])).toEqual([
      ['bin/codex', 0o755],
      ['codex-resources/data/x.json', 0o644],
    ]);
    const modes = ['bin', 'bin/codex', 'codex-resources', 'codex-resources/data'].map(
      async (path) => (await stat(join(destination, path))).mode & 0o7777,
    );
    expect(await Promise.all(modes)).toEqual([0o755, 0o755, 0o755, 0o755]);
    const data = await stat(join(destination, 'codex-resources/data/x.json'));
    expect(data.mode & 0o7777).toBe(0o644);
  });
});

describe('the disk', () => {
  it('that takes no larger file is DISK_FULL', async () => {
    // 64 blocks of 512 bytes: the kernel cuts one write short and fails the next with EFBIG.
    const { error, files } = await inChild('022', 'ulimit -f 64;');
    expect(files).toBeUndefined();
    expect(error).toMatchObject({ code: 'DISK_FULL', errno: 'EFBIG' });
  });

  it('whose destination is a file is INSTALL_FAILED', async () => {
    const file = join(await tempDir(), 'file');
    await writeFile(file, '');
    const error = await failure(unpackInto(file));
    expect(error.code).toBe('INSTALL_FAILED');
    expect(error.fields).toMatchObject({ errno: 'ENOTDIR' });
  });

  it('whose destination is missing is INSTALL_FAILED', async () => {
    const error = await failure(unpackInto(join(await tempDir(), 'missing')));
    expect(error.code).toBe('INSTALL_FAILED');
    expect(error.fields).toMatchObject({ errno: 'ENOENT' });
  });

  it('is never written through what lies there already', async () => {
    const dir = await tempDir();
    const outside = join(dir, 'outside');
    const destination = join(dir, 'destination');
    await mkdir(destination);
    await mkdir(outside);
    await symlink(outside, join(destination, 'bin'), 'junction');
    const error = await failure(unpackInto(destination));
    expect(error.code).toBe('INSTALL_FAILED');
    expect(error.fields).toMatchObject({ errno: 'EEXIST', path: join(destination, 'bin') });
    await expect(stat(join(outside, 'codex'))).rejects.toThrow('ENOENT');
  });

  it('is never written through a file that lies there already', async () => {
    const dir = await tempDir();
    const outside = join(dir, 'outside.json');
    const destination = join(dir, 'destination');
    await mkdir(destination);
    await writeFile(outside, 'canary');
    await symlink(outside, join(destination, 'codex-package.json'));
    const archive = gzipSync(tar([{ name: 'codex-package.json', body: 'evil' }]));
    const error = await failure(unpackInto(destination, archive));
    expect(error.code).toBe('INSTALL_FAILED');
    expect(error.fields).toMatchObject({ errno: 'EEXIST' });
    expect(await readFile(outside, 'utf8')).toBe('canary');
  });
});
