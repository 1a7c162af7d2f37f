import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../src/events.ts';
import { LOCKFILE_NAME } from '../../src/lockfile/index.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { resolveRuntime } from '../../src/operations/resolve-runtime.ts';
import { TARGETS } from '../../src/target/index.ts';
import { verifyRuntimes } from '../../src/verify/index.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const RELEASES = [await miniatureRelease('1.2.4'), await miniatureRelease('1.2.3')];

/** Two releases, a registry that signs, and a lockfile of the older one unless `pin` is false. */
async function surroundings(pin = true) {
  const github = await startLoopbackGitHub({ releases: RELEASES, registrySigns: true });
  const cwd = await tempDir();
  const events: ProgressEvent[] = [];
  const options = {
    cwd,
    home: join(cwd, 'home'),
    prefix: join(cwd, 'prefix'),
    env: { HOME: cwd, PATH: '/usr/bin:/bin', ...github.env },
    host: { platform: 'linux', arch: 'x64' },
    onProgress: (event: ProgressEvent) => events.push(event),
  };
  const path = join(cwd, LOCKFILE_NAME);
  if (pin) await pinRuntime({ ...options, version: '1.2.3' });
  const read = async () => JSON.parse(await readFile(path, 'utf8'));
  return { github, options, path, read, events, [Symbol.asyncDispose]: () => github.close() };
}

const everyTarget = (level: string) =>
  Object.fromEntries(TARGETS.map(({ triple }) => [triple, level]));

describe('the level of proof', () => {
  it('is recorded for each target, and shown by resolve and verify', async () => {
    await using here = await surroundings(false);
    const { levels } = await pinRuntime({ ...here.options, version: '1.2.3' });
    expect(levels).toEqual(everyTarget('npm-signature'));
    expect(await here.read()).toMatchObject({ lockfileVersion: 2 });
    expect((await here.read()).require).toBeUndefined();
    const npm = { ...here.options, source: 'npm' };
    expect(await resolveRuntime(npm)).toMatchObject({ level: 'npm-signature' });
    expect(await resolveRuntime({ ...npm, source: 'mirror' })).toMatchObject({ level: 'digest' });
    await installRuntime(npm);
    const { cwd, home, env, host } = here.options;
    const { runtimes } = await verifyRuntimes({ cwd, home, env, host });
    expect(runtimes.map(({ place, level }) => [place, level])).toEqual([
      ['store', 'npm-signature'],
      ['prefix', 'npm-signature'],
    ]);
  });

  it('is a digest where the registry has no keys, in a lockfile that older commands read', async () => {
    await using here = await surroundings(false);
    here.github.fail({ route: 'npm-keys', status: 404 });
    const { levels } = await pinRuntime({ ...here.options, version: '1.2.3' });
    expect(levels).toEqual(everyTarget('digest'));
    expect(await here.read()).toMatchObject({ lockfileVersion: 1 });
  });

  it('does not fall with a new version, unless less is accepted by name', async () => {
    await using here = await surroundings();
    here.github.fail({ route: 'npm-keys', status: 404 });
    const next = { ...here.options, version: '1.2.4' };
    const refused = await failure(pinRuntime(next));
    expect(refused).toMatchObject({
      code: 'SIGNATURE_MISSING',
      exitStatus: 6,
      hint: expect.stringContaining('--require digest'),
    });
    expect(refused.fields['targets']).toHaveLength(6);
    expect(await here.read()).toMatchObject({ version: '1.2.3' });
    await pinRuntime({ ...next, require: 'digest' });
    expect(await here.read()).toMatchObject({ version: '1.2.4', lockfileVersion: 1 });
  });

  it('does not fall after a bot has edited the version', async () => {
    await using here = await surroundings();
    const text = await readFile(here.path, 'utf8');
    await writeFile(here.path, text.replace('"version": "1.2.3"', '"version": "1.2.4"'));
    here.github.fail({ route: 'npm-document', status: 503 });
    const refused = await failure(pinRuntime(here.options));
    expect(refused).toMatchObject({
      code: 'SIGNATURE_MISSING',
      hint: expect.stringContaining('Run it again where npm answers'),
    });
    here.github.heal();
    expect(await pinRuntime(here.options)).toMatchObject({ version: '1.2.4' });
  });

  it('stays with the same bytes when the channel that proved them is silent', async () => {
    await using here = await surroundings();
    here.github.fail({ route: 'npm-document', status: 503 });
    const { levels } = await pinRuntime({ ...here.options, version: '1.2.3' });
    expect(levels).toEqual(everyTarget('npm-signature'));
  });
});

describe('pin --require', () => {
  it('stays in the lockfile, and passes over by name what has less', async () => {
    await using here = await surroundings();
    await pinRuntime({ ...here.options, version: '1.2.3', require: 'npm-signature' });
    await pinRuntime({ ...here.options, version: '1.2.4' });
    expect(await here.read()).toMatchObject({ require: 'npm-signature', version: '1.2.4' });
    here.events.length = 0;
    const installed = await installRuntime(here.options);
    expect(installed).toMatchObject({ version: '1.2.4', source: 'npm' });
    const passed = here.events.flatMap((event) => (event.type === 'unavailable' ? [event] : []));
    expect(
      passed.map(({ channel, reason }) => [channel, reason.includes('npm-signature')]),
    ).toEqual([
      ['github', true],
      ['mirror', true],
    ]);
  });

  it('ends an installation that no channel can prove, and takes nothing from the store', async () => {
    await using here = await surroundings();
    const mirror = { ...here.options, source: 'mirror' };
    await installRuntime(mirror);
    await pinRuntime({ ...here.options, version: '1.2.3', require: 'npm-signature' });
    expect(await failure(installRuntime(mirror))).toMatchObject({
      code: 'LOCK_INCOMPLETE',
      message: expect.stringContaining(
        'requires npm-signature of Codex 1.2.3, and mirror has digest',
      ),
      fields: { required: 'npm-signature', level: 'digest' },
    });
    expect(await installRuntime(here.options)).toMatchObject({ source: 'npm' });
  });

  it('writes nothing where a target does not reach it', async () => {
    await using here = await surroundings();
    const more = pinRuntime({ ...here.options, version: '1.2.3', require: 'github-attestation' });
    const refused = await failure(more);
    expect(refused).toMatchObject({
      code: 'SIGNATURE_MISSING',
      hint: expect.stringContaining('--require npm-signature'),
    });
    expect((await here.read()).require).toBeUndefined();
  });

  it('is a usage error for a level that does not exist', async () => {
    await using here = await surroundings(false);
    const wrong = pinRuntime({ ...here.options, version: '1.2.3', require: 'strong' });
    expect(await failure(wrong)).toMatchObject({ code: 'USAGE' });
  });
});
