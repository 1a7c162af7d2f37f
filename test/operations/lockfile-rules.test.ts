import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/index.ts';
import type { ProgressEvent } from '../../src/events.ts';
import { LOCKFILE_NAME } from '../../src/lockfile/index.ts';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { resolveRuntime } from '../../src/operations/resolve-runtime.ts';
import { verifyPin } from '../../src/operations/verify-pin.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const FORK = 'acme/codex';
const RELEASES = [await miniatureRelease('1.2.4'), await miniatureRelease('1.2.3')];

/** A monorepo whose root pins 1.2.3 of a fork and requires signatures, and a package in it. */
async function monorepo() {
  const github = await startLoopbackGitHub({ repo: FORK, releases: RELEASES });
  const root = await tempDir();
  const cwd = join(root, 'packages', 'one');
  await mkdir(cwd, { recursive: true });
  const events: ProgressEvent[] = [];
  const options = {
    cwd,
    home: join(root, 'home'),
    prefix: join(root, 'prefix'),
    env: { HOME: root, PATH: '', ...github.env },
    host: { platform: 'darwin', arch: 'arm64' },
    onProgress: (event: ProgressEvent) => events.push(event),
  };
  const above = { ...options, cwd: root };
  const { path } = await pinRuntime({
    ...above,
    version: '1.2.3',
    repo: FORK,
    verifySignature: true,
  });
  const edit = async (from: string, to: string) =>
    writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
  const rules = async (file = path) => {
    const { version, repo, signature } = JSON.parse(await readFile(file, 'utf8'));
    return { version, repo, signature };
  };
  events.length = 0;
  return {
    ...{ github, root, cwd, options, path, edit, rules, events },
    [Symbol.asyncDispose]: () => github.close(),
  };
}

describe('a lockfile whose version a bot has edited', () => {
  it('is repaired by its own advice, and keeps repository and signature rule', async () => {
    await using repo = await monorepo();
    await repo.edit('"version": "1.2.3"', '"version": "1.2.4"');
    const refused = await failure(installRuntime({ ...repo.options, frozen: true }));
    expect(refused).toMatchObject({ code: 'LOCK_INVALID' });
    expect(refused.hint).toContain('codex-runtime pin 1.2.4');
    await pinRuntime({ ...repo.options, version: '1.2.4' });
    expect(await repo.rules()).toEqual({ version: '1.2.4', repo: FORK, signature: 'required' });
    expect(await verifyPin(repo.options)).toMatchObject({ version: '1.2.4' });
  });

  it('is written anew for that version by a pin without one', async () => {
    await using repo = await monorepo();
    await repo.edit('"version": "1.2.3"', '"version": "rust-v1.2.4"');
    const { version, path } = await pinRuntime(repo.options);
    expect({ version, path }).toEqual({ version: '1.2.4', path: repo.path });
    expect(await repo.rules()).toEqual({ version: '1.2.4', repo: FORK, signature: 'required' });
  });

  it('is refused whoever names a version', async () => {
    await using repo = await monorepo();
    await repo.edit('"version": "1.2.3"', '"version": "1.2.4"');
    const error = await failure(ensureRuntime({ ...repo.options, version: '1.2.4' }));
    expect(error.code).toBe('LOCK_INVALID');
  });

  it('keeps the schema that an editor knows it by', async () => {
    await using repo = await monorepo();
    await repo.edit('{', '{ "$schema": "./lock.schema.json",');
    await pinRuntime({ ...repo.options, version: '1.2.4' });
    const text = await readFile(repo.path, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ $schema: './lock.schema.json', version: '1.2.4' });
  });
});

describe('pin does not write a lockfile anew whose rules it cannot read', () => {
  it.each<[string, string, string, RegExp]>([
    ['a merge conflict', '{', '<<<<<<< HEAD\n{', /either side/],
    ['a format of later', '"lockfileVersion": 1', '"lockfileVersion": 3', /update/],
    ['a rule of later', '"repo"', '"policy": "strict", "repo"', /Update/],
    ['a level that is none', '"repo"', '"require": "provenance", "repo"', /Write one of/],
    ['no repository', `"${FORK}"`, '"acme"', /Correct/],
    ['another signature rule', '"required"', '"optional"', /remove/],
    ['no JSON', '{', '', /version control/],
  ])('%s', async (_what, from, to, advice) => {
    await using repo = await monorepo();
    await repo.edit(from, to);
    const before = await readFile(repo.path, 'utf8');
    const error = await failure(pinRuntime({ ...repo.options, version: '1.2.4' }));
    expect(error).toMatchObject({ code: 'LOCK_INVALID', hint: expect.stringMatching(advice) });
    expect(await readFile(repo.path, 'utf8')).toBe(before);
  });
});

describe('pin in a package of a monorepo', () => {
  it('says which file it changed, and from which version', async () => {
    await using repo = await monorepo();
    const result = await pinRuntime({ ...repo.options, version: '1.2.4' });
    expect(result).toMatchObject({ previous: '1.2.3', version: '1.2.4', path: repo.path });
  });

  it.each([
    ['its own directory', () => `./${LOCKFILE_NAME}`, (cwd: string) => join(cwd, LOCKFILE_NAME)],
    ['a directory', (cwd: string) => cwd, (cwd: string) => join(cwd, LOCKFILE_NAME)],
    [
      'another name',
      (cwd: string) => join(cwd, 'codex.json'),
      (cwd: string) => join(cwd, 'codex.json'),
    ],
  ])(
    'writes a lockfile in %s where that is named, by the rules that it hides',
    async (_what, named, written) => {
      await using repo = await monorepo();
      const lockfile = named(repo.cwd);
      const own = written(repo.cwd);
      const before = await readFile(repo.path, 'utf8');
      expect(await pinRuntime({ ...repo.options, lockfile })).toMatchObject({ path: own });
      expect(await repo.rules(own)).toEqual(await repo.rules());
      expect(await readFile(repo.path, 'utf8')).toBe(before);
      const again = await pinRuntime({ ...repo.options, lockfile, version: '1.2.4' });
      expect(again).toMatchObject({ previous: '1.2.3', path: own, version: '1.2.4' });
      expect(await verifyPin({ ...repo.options, lockfile })).toMatchObject({ path: own });
      const env = { ...repo.options.env, CODEX_RUNTIME_LOCKFILE: lockfile };
      const found = await resolveRuntime({ ...repo.options, env });
      expect(found).toMatchObject({ version: '1.2.4', lockfile: own, repo: FORK });
    },
  );
});

describe('--frozen with a version that the lockfile does not pin', () => {
  it.each([
    [
      'CODEX_RUNTIME_VERSION',
      { env: { CODEX_RUNTIME_VERSION: '1.2.2' } },
      'Unset CODEX_RUNTIME_VERSION',
    ],
    ['the version argument', { version: '1.2.2' }, 'Leave out the version'],
  ])('names the lockfile and %s, and advises no downgrade first', async (source, more, advice) => {
    await using repo = await monorepo();
    const env = { ...repo.options.env, ...('env' in more ? more.env : {}) };
    const error = await failure(installRuntime({ ...repo.options, ...more, env, frozen: true }));
    expect(error.code).toBe('LOCK_INCOMPLETE');
    for (const word of [repo.path, source, '1.2.3', '1.2.2']) expect(error.message).toContain(word);
    expect(error.hint).toMatch(new RegExp(`^${advice} to install 1\\.2\\.3`));
  });
});

describe('a lockfile in a directory of everybody', () => {
  it('does not decide whose binary runs, and is told of', async () => {
    await using repo = await monorepo();
    await chmod(repo.root, 0o1777);
    const { prefix: __, ...around } = repo.options;
    const options = { ...around, version: '1.2.3', source: 'github' };
    await failure(ensureRuntime(options));
    expect(repo.github.requests.at(-1)?.path).toContain('/openai/codex/');
    const ignored = expect.objectContaining({ type: 'lockfile-ignored', path: repo.path });
    expect(repo.events).toContainEqual(ignored);
    const { version: _, ...unnamed } = options;
    const missing = await failure(ensureRuntime(unnamed));
    expect(missing).toMatchObject({
      code: 'PIN_MISSING',
      hint: expect.stringContaining(repo.path),
    });
    const { findings } = await diagnose({ ...unnamed, offline: true });
    expect(findings).toContainEqual(
      expect.objectContaining({ id: 'lockfile.ignored', status: 'warn' }),
    );
    expect(await ensureRuntime({ ...unnamed, lockfile: repo.path })).toMatchObject({ repo: FORK });
  });

  it('does not stop anything where it is a directory', async () => {
    await using repo = await monorepo();
    await mkdir(join(repo.root, 'packages', LOCKFILE_NAME));
    expect(await resolveRuntime(repo.options)).toMatchObject({ lockfile: repo.path });
  });
});

describe('a lockfile that counts', () => {
  it('is told of with its repository, in events, results and by the doctor', async () => {
    await using repo = await monorepo();
    const result = await installRuntime(repo.options);
    expect(result).toMatchObject({ repo: FORK, lockfile: repo.path });
    expect(repo.events).toContainEqual({
      ...{ type: 'lockfile', path: repo.path, version: '1.2.3', repo: FORK, here: false },
    });
    expect(repo.events).toContainEqual({ type: 'repository', repo: FORK });
    const { findings } = await diagnose({ ...repo.options, offline: true });
    expect(findings).toContainEqual(
      expect.objectContaining({
        id: 'lockfile',
        fields: { locked: '1.2.3', path: repo.path, repo: FORK },
      }),
    );
  });
});
