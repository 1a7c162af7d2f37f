import { openSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskError } from '../../src/disk/disk-error.ts';
import { CodexRuntimeError } from '../../src/errors.ts';

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: failed`), { code });
}

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('diskError', () => {
  it.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EFBIG', 'DISK_FULL'],
    ['EACCES', 'PERMISSION_DENIED'],
    ['EPERM', 'PERMISSION_DENIED'],
    ['EROFS', 'PERMISSION_DENIED'],
    ['EIO', 'INSTALL_FAILED'],
    ['ENOTDIR', 'INSTALL_FAILED'],
    ['EEXIST', 'INSTALL_FAILED'],
  ])('maps %s to %s and keeps path and errno', (code, expected) => {
    const error = diskError(errno(code), 'write the runtime', '/some/path');
    expect(error.code).toBe(expected);
    expect(error.fields).toEqual({ path: '/some/path', errno: code });
    expect(error.message).toContain('/some/path');
    expect(error.hint).toBeDefined();
  });

  it('knows a reached quota, for which libuv has no name', () => {
    const unnamed = { code: 'Unknown system error -122', errno: -constants.errno.EDQUOT };
    const error = diskError(Object.assign(new Error('write'), unnamed), 'write', '/some/path');
    expect(error.code).toBe('DISK_FULL');
    expect(error.fields).toMatchObject({ errno: 'EDQUOT' });
  });

  it.each(['ENOENT', 'ENOTDIR', 'ELOOP', 'EIO'])('says in words what %s means', (code) => {
    expect(diskError(errno(code), 'write', '/some/path').message).toMatch(/: .+ \w+ .*\(E\w+\)\.$/);
  });

  it('hands back an error that already has a verdict', () => {
    const verdict = new CodexRuntimeError('ARCHIVE_REFUSED', 'refused');
    expect(diskError(verdict, 'write the runtime', '/some/path')).toBe(verdict);
  });

  it('understands what the file system really throws', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'disk-error-'));
    try {
      await writeFile(join(dir, 'file'), '');
      const thrown: unknown = await open(join(dir, 'file', 'child'), 'wx').catch((e: unknown) => e);
      const error = diskError(thrown, 'create a file', join(dir, 'file', 'child'));
      expect(error.code).toBe('INSTALL_FAILED');
      expect(error.fields['errno']).toBe('ENOTDIR');
      expect(error.cause).toBe(thrown);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it.each<[string, () => unknown]>([
    ['a TypeError', () => new TypeError('x is not a function')],
    ['an argument that Node refuses', () => caught(() => openSync('a\0b', 'r'))],
    ['a thrown value that is not an Error', () => 'odd'],
  ])('calls %s a bug, and not a failure of the disk', (_what, make) => {
    const thrown = make();
    const error = diskError(thrown, 'write the runtime', '/some/path');
    expect([error.code, error.exitStatus, error.cause]).toEqual(['UNEXPECTED', 1, thrown]);
    expect(error.message).toContain('/some/path');
  });
});
