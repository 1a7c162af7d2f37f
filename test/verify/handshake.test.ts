import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/index.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { commitRuntime, openStaging } from '../../src/store/index.ts';
import { shakeHands, verifyRuntimes } from '../../src/verify/index.ts';
import { failure } from '../support/failure.ts';
import { HELD } from '../support/held.ts';
import { storedRealRuntime } from '../support/real-tree.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const HOST = { platform: 'linux', arch: 'x64' };

async function surroundings() {
  const dir = await tempDir();
  return { home: join(dir, 'home'), cwd: dir, env: { HOME: dir, PATH: '' }, host: HOST };
}

describe('verifyRuntimes with a handshake', () => {
  it('hears the real runtime introduce itself, and so does the doctor', async () => {
    const options = await surroundings();
    const { dir, manifest } = await storedRealRuntime('0.115.0');
    const staging = await openStaging(options.home, manifest, HELD);
    await cp(dir, staging, { recursive: true });
    await commitRuntime(options.home, { staging, manifest });
    const { runtimes } = await verifyRuntimes({ ...options, handshake: true });
    expect(runtimes).toMatchObject([{ damages: [], handshake: { version: '0.115.0' } }]);
    expect(runtimes[0]?.handshake?.userAgent).toMatch(/\/0\.115\.0 /);

    const prefix = join(options.cwd, 'prefix');
    await installRuntime({ ...options, version: '0.115.0', prefix });
    const { findings } = await diagnose({ ...options, prefix, offline: true, handshake: true });
    expect(findings.find(({ id }) => id === 'handshake')).toMatchObject({
      status: 'ok',
      fields: { version: '0.115.0' },
    });
  });

  it('finds an executable that is no app-server', async () => {
    const options = await surroundings();
    await storedRuntime(options.home);
    expect((await verifyRuntimes(options)).runtimes).toMatchObject([{ handshake: null }]);
    const error = await failure(verifyRuntimes({ ...options, handshake: true }));
    expect(error.code).toBe('DAMAGED');
    expect(error.fields['damages']).toMatchObject([{ path: 'bin/codex', kind: 'handshake' }]);

    const prefix = join(options.cwd, 'prefix');
    await installRuntime({ ...options, version: '0.115.0', prefix });
    const diagnosis = await diagnose({ ...options, prefix, offline: true, handshake: true });
    expect(diagnosis.exitStatus).toBe(9);
    expect(diagnosis.findings.find(({ id }) => id === 'handshake')).toMatchObject({
      status: 'fail',
      code: 'DAMAGED',
    });
  });

  it('ends when it is cancelled', async () => {
    const { home } = await surroundings();
    const { dir } = await storedRuntime(home, {
      files: { 'bin/codex': '#!/bin/sh\nexec sleep 60\n' },
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const env = { PATH: '/usr/bin:/bin' };
    const executable = join(dir, 'bin', 'codex');
    const shaken = shakeHands({ executable, env, home, signal: controller.signal });
    expect((await failure(shaken)).code).toBe('ABORTED');
  });
});
