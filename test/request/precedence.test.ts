import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatLock, LOCKFILE_NAME, loadLock, lockFor } from '../../src/lockfile/index.ts';
import { parseVersion } from '../../src/pin/index.ts';
import { resolvePin } from '../../src/request/index.ts';
import { tempDir } from '../support/temp-dir.ts';

const LOCK = { version: '0.112.0', repo: 'openai/codex', targets: {} };
const VARIABLES = {
  CODEX_NODE_RUNTIME_VERSION: '0.113.0',
  CODEX_PYTHON_RUNTIME_VERSION: '0.114.0',
  CODEX_RUNTIME_VERSION: '0.115.0',
};

const NO_LOCKFILE = { lock: null, path: null, ignored: [], cwd: '/work' };

/** The lockfile as a directory below its own finds it. */
async function lockedDir(text = formatLock(LOCK)) {
  const root = await tempDir();
  const cwd = join(root, 'a', 'b');
  await mkdir(cwd, { recursive: true });
  await writeFile(join(root, LOCKFILE_NAME), text);
  return loadLock({ cwd, lockfile: null });
}

describe('resolvePin', () => {
  const everything = { argument: '0.116.0', env: VARIABLES, installed: async () => '0.111.0' };

  test.each([
    ['the argument', 'argument', '0.116.0', {}],
    ["the ecosystem's variable", 'CODEX_NODE_RUNTIME_VERSION', '0.113.0', { argument: null }],
    [
      'the variable of the other ecosystem',
      'CODEX_PYTHON_RUNTIME_VERSION',
      '0.114.0',
      { argument: null, ecosystem: 'python' as const },
    ],
    [
      'the variable for all',
      'CODEX_RUNTIME_VERSION',
      '0.115.0',
      { argument: null, env: { CODEX_RUNTIME_VERSION: '0.115.0' } },
    ],
    ['the lockfile found upward', 'lockfile', '0.112.0', { argument: null, env: {} }],
  ])('takes %s where nothing stronger is set', async (_what, origin, version, less) => {
    const lockfile = await lockedDir();
    const pin = await resolvePin({ ecosystem: 'node', lockfile, ...everything, ...less });
    expect(pin).toMatchObject({ origin, spec: { kind: 'exact', version: { semver: version } } });
  });

  test('takes what is installed when nothing names a version', async () => {
    const lockfile = NO_LOCKFILE;
    const pin = await resolvePin({
      ecosystem: 'node',
      lockfile,
      env: {},
      installed: async () => '0.111.0',
    });
    expect(pin).toMatchObject({ origin: 'installed' });
  });

  test('does not ask what is installed when a version is named', async () => {
    const installed = () => Promise.reject(new Error('asked'));
    const lockfile = NO_LOCKFILE;
    await expect(
      resolvePin({ ecosystem: 'node', lockfile, env: VARIABLES, installed }),
    ).resolves.toMatchObject({ origin: 'CODEX_NODE_RUNTIME_VERSION' });
  });

  test('says how to pin when nothing is set at all', async () => {
    const lockfile = NO_LOCKFILE;
    await expect(
      resolvePin({ ecosystem: 'node', lockfile, env: {}, installed: async () => null }),
    ).rejects.toMatchObject({
      code: 'PIN_MISSING',
      hint: expect.stringContaining('pin'),
      fields: { cwd: '/work' },
    });
  });

  test.each(['CODEX_NODE_RUNTIME_VERSION', 'CODEX_RUNTIME_VERSION'])(
    'refuses %s when it is set but empty, even with a lockfile',
    async (name) => {
      const lockfile = await lockedDir();
      await expect(
        resolvePin({ ecosystem: 'node', lockfile, env: { [name]: ' ' } }),
      ).rejects.toMatchObject({
        code: 'PIN_INVALID',
        fields: { source: name },
        message: expect.stringContaining('empty'),
      });
    },
  );

  test('lets the argument win over an empty variable', async () => {
    const lockfile = NO_LOCKFILE;
    await expect(
      resolvePin({
        ecosystem: 'node',
        lockfile,
        argument: 'latest',
        env: { CODEX_RUNTIME_VERSION: '' },
      }),
    ).resolves.toMatchObject({ origin: 'argument', spec: { kind: 'channel', name: 'latest' } });
  });

  test('refuses an empty argument', async () => {
    const lockfile = NO_LOCKFILE;
    await expect(
      resolvePin({ ecosystem: 'node', lockfile, argument: '', env: {} }),
    ).rejects.toMatchObject({ code: 'PIN_INVALID' });
  });

  test('names the variable that holds a malformed version', async () => {
    const lockfile = NO_LOCKFILE;
    await expect(
      resolvePin({ ecosystem: 'node', lockfile, env: { CODEX_RUNTIME_VERSION: 'newest' } }),
    ).rejects.toMatchObject({
      code: 'PIN_INVALID',
      message: expect.stringContaining('CODEX_RUNTIME_VERSION'),
    });
  });
});

describe('lockFor', () => {
  test('gives the lock for the version that it was made for, and for no other', async () => {
    const lockfile = await lockedDir();
    expect(lockFor(lockfile, parseVersion('0.112.0'))).toMatchObject({ version: '0.112.0' });
    expect(lockFor(lockfile, parseVersion('0.116.0'))).toBeNull();
  });
});
