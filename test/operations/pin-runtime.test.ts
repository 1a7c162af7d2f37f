import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLock } from '../../src/lockfile/index.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { verifyPin } from '../../src/operations/verify-pin.ts';
import { TARGETS } from '../../src/target/index.ts';
import { failure } from '../support/failure.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const LOCKFILE = 'codex-runtime.lock.json';

/** A directory, and options that know nothing but the loopback servers. */
async function surroundings(github: LoopbackGitHub) {
  const cwd = await tempDir();
  const env = { HOME: cwd, PATH: '', ...github.env };
  const host = { platform: 'linux', arch: 'x64' };
  return { cwd, home: join(cwd, 'home'), env, host };
}

describe('pinRuntime', () => {
  it('locks every target on every channel, and says the same when it is asked again', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const options = { ...(await surroundings(github)), version: '1.2.3' };
    const first = await pinRuntime(options);
    expect(first).toMatchObject({ version: '1.2.3', changed: true, missing: [], silent: [] });
    expect(first.path).toBe(join(options.cwd, LOCKFILE));
    expect(Object.keys(first.lock.targets)).toHaveLength(6);
    expect(parseLock(await readFile(first.path, 'utf8'), first.path)).toEqual(first.lock);
    expect(await pinRuntime(options)).toMatchObject({ changed: false });
    expect(await verifyPin(options)).toMatchObject({ version: '1.2.3', silent: [] });
    expect(github.asked('browser')).toEqual([]);
  });

  it('stays with the repository of the lockfile, unless another one is named', async () => {
    const releases = [await miniatureRelease('1.2.4'), await miniatureRelease('1.2.3')];
    await using fork = await startLoopbackGitHub({ repo: 'owner/fork', releases });
    const options = { ...(await surroundings(fork)), source: 'github' };
    const first = await pinRuntime({ ...options, version: '1.2.3', repo: 'owner/fork' });
    expect(first.lock.repo).toBe('owner/fork');
    const second = await pinRuntime({ ...options, version: 'latest' });
    expect(second.lock).toMatchObject({ version: '1.2.4', repo: 'owner/fork' });
    await using upstream = await startLoopbackGitHub({ releases });
    const named = { ...options, env: { ...options.env, ...upstream.env }, version: '1.2.4' };
    const third = await pinRuntime({ ...named, repo: 'openai/codex' });
    expect(third.lock.repo).toBe('openai/codex');
  });

  it('replaces the lockfile found upward', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3'), await miniatureRelease('1.2.2')],
    });
    const options = await surroundings(github);
    await pinRuntime({ ...options, version: '1.2.2' });
    const below = join(options.cwd, 'packages', 'one');
    const again = await pinRuntime({ ...options, cwd: below, version: 'latest' });
    expect(again).toMatchObject({ path: join(options.cwd, LOCKFILE), version: '1.2.3' });
  });

  it('writes a lockfile anew whose version was edited without its digests', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3'), await miniatureRelease('1.2.2')],
    });
    const options = await surroundings(github);
    const { path } = await pinRuntime({ ...options, version: '1.2.2' });
    const edited = (await readFile(path, 'utf8')).replace(
      '"version": "1.2.2"',
      '"version": "1.2.3"',
    );
    await writeFile(path, edited);
    expect((await failure(verifyPin(options))).code).toBe('LOCK_INVALID');
    await pinRuntime({ ...options, version: '1.2.3' });
    expect(await verifyPin({ ...options, version: '1.2.3' })).toMatchObject({ version: '1.2.3' });
  });

  it('refuses bytes that changed after they were locked, and keeps the lockfile', async () => {
    await using before = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    await using after = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3', { executable: () => Buffer.from('other') })],
    });
    const options = { ...(await surroundings(before)), version: '1.2.3' };
    const { path } = await pinRuntime(options);
    const text = await readFile(path, 'utf8');
    const swapped = { ...options, env: { ...options.env, ...after.env } };
    expect((await failure(pinRuntime(swapped))).code).toBe('DIGEST_MISMATCH');
    expect(await readFile(path, 'utf8')).toBe(text);
    expect((await failure(verifyPin(swapped))).code).toBe('DIGEST_MISMATCH');
  });

  it('deep: locks the executable of every target, which holds another channel to it', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3', { executable: ({ triple }) => script(triple) })],
    });
    const options = { ...(await surroundings(github)), version: '1.2.3', deep: true };
    const events: (number | null)[] = [];
    const { lock } = await pinRuntime({
      ...options,
      onProgress: (event) => event.type === 'download' && events.push(event.received),
    });
    const digests = TARGETS.map(({ triple }) => lock.targets[triple]?.entrypoint?.sha256);
    expect(digests).not.toContain(undefined);
    expect(new Set(digests).size).toBe(6);
    // Several transfers are told as one: what has been received never becomes less.
    expect(events).toEqual([...events].sort((a, b) => Number(a) - Number(b)));
    const requests = github.requests.length;
    await pinRuntime(options);
    expect(github.requests.slice(requests).filter(({ route }) => route === 'cdn')).toEqual([]);
  });

  it('deep: fetches one target after another, which bounds its memory', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const steps: string[] = [];
    await pinRuntime({
      ...(await surroundings(github)),
      version: '1.2.3',
      deep: true,
      onProgress: ({ type }) => {
        if (type === 'asset' || type === 'stored') steps.push(type);
      },
    });
    expect(steps).toEqual(Array(6).fill(['asset', 'stored']).flat());
  });

  it('deep: writes nothing when one target cannot be fetched', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    github.fail({ route: 'cdn', path: /aarch64-apple/, status: 404 });
    const options = { ...(await surroundings(github)), version: '1.2.3', source: 'browser' };
    expect((await failure(pinRuntime({ ...options, deep: true }))).code).toBe('SOURCES_EXHAUSTED');
    expect((await failure(verifyPin(options))).code).toBe('PIN_MISSING');
  });

  it('needs a version from somewhere', async () => {
    await using github = await startLoopbackGitHub();
    const options = await surroundings(github);
    expect((await failure(pinRuntime(options))).code).toBe('PIN_MISSING');
  });

  function script(triple: string): Buffer {
    return Buffer.from(`#!/bin/sh\n# ${triple}\necho codex-cli 1.2.3\n`);
  }
});

describe('verifyPin', () => {
  it('names what a channel has and the lockfile lacks', async () => {
    await using npm = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const options = { ...(await surroundings(npm)), version: '1.2.3' };
    await pinRuntime({ ...options, source: 'npm' });
    const error = await failure(verifyPin(options));
    expect(error.code).toBe('LOCK_INCOMPLETE');
    expect(error.fields['findings']).toContainEqual(
      expect.objectContaining({ kind: 'unlocked', channel: 'github' }),
    );
    expect(error.fields['reasons']).toHaveLength((error.fields['findings'] as object[]).length);
    expect(await verifyPin({ ...options, source: 'npm' })).toMatchObject({ version: '1.2.3' });
  });

  it('says with its findings which channels could not be compared with', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const options = { ...(await surroundings(github)), version: '1.2.3' };
    await pinRuntime({ ...options, source: 'npm' });
    github.fail({ route: 'mirror-release', status: 503 });
    const error = await failure(verifyPin(options));
    const findings = error.fields['findings'] as object[];
    expect(error.fields['reasons']).toHaveLength(findings.length + 1);
    expect(error.fields['silent']).toMatchObject([{ channel: 'mirror' }]);
  });

  it('refuses a lockfile that is for another version', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const options = await surroundings(github);
    await pinRuntime({ ...options, version: '1.2.3' });
    const error = await failure(verifyPin({ ...options, version: '1.2.4' }));
    expect(error.code).toBe('LOCK_INCOMPLETE');
    expect(error.fields).toMatchObject({ expected: '1.2.4', actual: '1.2.3' });
  });

  it('refuses a lockfile that is of another repository, and asks nobody', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const options = await surroundings(github);
    await pinRuntime({ ...options, version: '1.2.3' });
    const asked = github.requests.length;
    const error = await failure(verifyPin({ ...options, repo: 'owner/fork' }));
    expect(error.code).toBe('LOCK_INCOMPLETE');
    expect(error.fields).toMatchObject({ expected: 'openai/codex', actual: 'owner/fork' });
    expect(github.requests).toHaveLength(asked);
  });

  it('tells of channels that could not be compared with', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const options = { ...(await surroundings(github)), version: '1.2.3' };
    await pinRuntime(options);
    github.fail({ route: 'npm-document', status: 403 });
    const { silent } = await verifyPin(options);
    expect(silent).toMatchObject([{ channel: 'npm' }]);
  });
});
