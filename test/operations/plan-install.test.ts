import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import type { PrefixOptions } from '../../src/place/npm-prefix/prefix.ts';
import { failure } from '../support/failure.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

it('an installation does what its preview says, and a run takes what it finds', async () => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const env = { ...github.env, HOME: dir, PATH: '/usr/bin:/bin' };
  const host = { platform: 'linux', arch: 'x64' } as const;
  const options: PrefixOptions = { home: join(dir, 'home'), cwd: dir, prefix: dir, env, host };
  const wanted = { ...options, version: '1.2.3' };

  expect(await installRuntime({ ...wanted, dryRun: true })).toMatchObject({ action: 'download' });
  expect(await installRuntime(wanted)).toMatchObject({ source: 'browser' });
  expect(await installRuntime({ ...options, dryRun: true })).toMatchObject({
    action: 'none',
    resolution: null,
  });
  expect(await installRuntime(options)).toMatchObject({ source: 'prefix' });
  // A prefix that was named answers for itself, and the project's own serves where it fits.
  const { prefix: _, ...here } = wanted;
  for (const asked of [options, wanted, here]) {
    expect(await ensureRuntime(asked)).toMatchObject({ source: 'prefix' });
  }
  expect(await ensureRuntime({ ...here, cwd: '/' })).toMatchObject({ source: 'store' });
  expect(await installRuntime({ dryRun: true, ...wanted, force: true })).toMatchObject({
    action: 'download',
  });

  await rm(join(dir, 'node_modules/.bin/codex'));
  expect(await failure(ensureRuntime(wanted))).toMatchObject({
    code: 'DAMAGED',
    hint: expect.stringContaining(`codex-runtime install 1.2.3 --prefix ${dir}`),
  });
  expect(await ensureRuntime(here)).toMatchObject({ source: 'store' });
  expect(await installRuntime({ ...wanted, dryRun: true })).toMatchObject({
    action: 'link',
    resolution: null,
  });
  expect(await installRuntime(wanted)).toMatchObject({ source: 'store' });
});

it('a prefix that was named has what is asked for, or is told to', async () => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const env = { ...github.env, HOME: dir, PATH: '/usr/bin:/bin' };
  const host = { platform: 'linux', arch: 'x64' } as const;
  const options: PrefixOptions = { home: join(dir, 'home'), cwd: dir, prefix: dir, env, host };
  const nothing = await failure(ensureRuntime({ ...options, version: '1.2.3' }));
  expect(nothing).toMatchObject({ code: 'RELEASE_NOT_FOUND', fields: { actual: null } });
  await installRuntime({ ...options, version: '1.2.3' });
  const other = await failure(ensureRuntime({ ...options, version: '1.2.4' }));
  expect(other).toMatchObject({ code: 'RELEASE_NOT_FOUND', fields: { actual: '1.2.3' } });
  const asked = github.requests.length;
  await failure(ensureRuntime({ ...options, target: 'darwin-arm64' }));
  expect(github.requests).toHaveLength(asked);
});

it('a project does not serve a run that is for another target', async () => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const env = { ...github.env, HOME: dir, PATH: '/usr/bin:/bin' };
  const host = { platform: 'linux', arch: 'x64' } as const;
  const options: PrefixOptions = { home: join(dir, 'home'), cwd: dir, prefix: dir, env, host };
  await installRuntime({ ...options, version: '1.2.3' });
  const { prefix: _, ...here } = options;
  expect(await ensureRuntime({ ...here, target: 'darwin-arm64' })).toMatchObject({
    version: '1.2.3',
    target: 'aarch64-apple-darwin',
  });
});

it('a damaged package names no version, and is told with what repairs it', async () => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const dir = await tempDir();
  const env = { ...github.env, HOME: dir, PATH: '/usr/bin:/bin' };
  const host = { platform: 'linux', arch: 'x64' } as const;
  const prefix = join(dir, 'a prefix');
  const options: PrefixOptions = { home: join(dir, 'home'), cwd: dir, prefix, env, host };
  await installRuntime({ ...options, version: '1.2.3' });
  await rm(join(prefix, 'node_modules/codex-cli-bin/codex-path/rg'));
  const preview = () => installRuntime({ ...options, dryRun: true });
  const works = [() => installRuntime(options), () => ensureRuntime(options), preview];
  for (const work of works) {
    expect(await failure(work())).toMatchObject({
      code: 'PIN_MISSING',
      fields: { installed: '1.2.3' },
      hint: `Run "codex-runtime install 1.2.3 --prefix '${prefix}'" to install it again.`,
    });
  }
  const elsewhere = await failure(installRuntime({ ...options, prefix: join(dir, 'other') }));
  expect(elsewhere).toMatchObject({ code: 'PIN_MISSING', fields: { cwd: dir } });
});
