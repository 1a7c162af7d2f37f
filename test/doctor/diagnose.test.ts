import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/index.ts';
import { writeLock } from '../../src/lockfile/index.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { failure } from '../support/failure.ts';
import { finding, healthyPatient } from '../support/patient.ts';
import { storedRuntime } from '../support/stored-runtime.ts';

describe('diagnose', () => {
  it('finds nothing wrong where nothing is', async () => {
    const { options } = await healthyPatient();
    const { healthy, exitStatus, findings } = await diagnose(options);
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect({ healthy, exitStatus }).toEqual({ healthy: true, exitStatus: 0 });
    // Everything that is not well comes with advice.
    expect(findings.every(({ status, advice }) => (status === 'ok') === (advice === null))).toBe(
      true,
    );
  });

  it('says of the store what it has looked at, and no more', async () => {
    const { options } = await healthyPatient();
    await storedRuntime(options.home);
    const { summary } = await finding(options, 'store');
    expect(summary).toContain('the size and time that it was stored with');
    expect(summary).toContain('hashes them');
    expect(summary).not.toContain('whole');
  });

  it('what cannot be read, whichever check meets it', async () => {
    const { options } = await healthyPatient();
    const note = join(options.home, 'prefixes', 'a.json');
    await mkdir(note, { recursive: true });
    const { findings } = await diagnose(options);
    expect(findings).toContainEqual(
      expect.objectContaining({ status: 'fail', code: 'INSTALL_FAILED' }),
    );
  });

  it('leaves nothing behind', async () => {
    const { dir, options } = await healthyPatient();
    await mkdir(options.home);
    await mkdir(options.prefix);
    await diagnose(options);
    expect((await readdir(dir)).sort()).toEqual(['home', 'prefix']);
    expect(await readdir(options.home)).toEqual([]);
    expect(await readdir(options.prefix)).toEqual([]);
  });

  it('ends with 9 when something is damaged, whatever else fails before it', async () => {
    const { options } = await healthyPatient();
    await storedRuntime(options.home, { version: '0.153.0' });
    const env = { ...options.env, CODEX_RUNTIME_VERSION: '' };
    expect(await diagnose({ ...options, env })).toMatchObject({ healthy: false, exitStatus: 9 });
    await rm(options.home, { recursive: true });
    expect((await diagnose({ ...options, env })).exitStatus).toBe(3);
  });

  it('ends when it is cancelled', async () => {
    const { options } = await healthyPatient();
    const signal = AbortSignal.abort();
    expect((await failure(diagnose({ ...options, signal }))).code).toBe('ABORTED');
  });
});

describe('of the machine, the doctor finds', () => {
  it('a platform without a build', async () => {
    const { options } = await healthyPatient();
    const host = { platform: 'freebsd', arch: 'x64' };
    expect(await finding({ ...options, host }, 'platform')).toMatchObject({
      status: 'fail',
      code: 'UNSUPPORTED_PLATFORM',
    });
  });

  it('a Node that cannot inflate zstd', async () => {
    const { options } = await healthyPatient();
    const { status, fields } = await finding(options, 'node');
    expect(status).toBe(fields['zstd'] === true ? 'ok' : 'warn');
  });
});

describe('of the pin, the doctor finds', () => {
  const LOCK = { version: '0.115.0', repo: 'openai/codex', targets: {} };

  it('that there is none', async () => {
    const { options } = await healthyPatient();
    const env = { ...options.env, CODEX_RUNTIME_VERSION: undefined };
    expect(await finding({ ...options, env }, 'pin')).toMatchObject({ status: 'warn' });
  });

  it('a variable that is empty or names no version', async () => {
    const { options } = await healthyPatient();
    for (const version of ['', 'soon']) {
      const env = { ...options.env, CODEX_RUNTIME_VERSION: version };
      expect(await finding({ ...options, env }, 'pin')).toMatchObject({
        status: 'fail',
        code: 'PIN_INVALID',
      });
    }
  });

  it('that it moves', async () => {
    const { options } = await healthyPatient();
    expect(await finding({ ...options, version: 'latest' }, 'pin')).toMatchObject({
      status: 'warn',
    });
  });

  it('a lockfile whose version was edited without its digests', async () => {
    const { dir, options } = await healthyPatient();
    const path = join(dir, 'codex-runtime.lock.json');
    await writeLock(path, LOCK);
    const edited = (await readFile(path, 'utf8')).replace('0.115.0', '0.116.0');
    await writeFile(path, edited);
    expect(await finding(options, 'pin')).toMatchObject({ status: 'fail', code: 'LOCK_INVALID' });
  });

  it('a lockfile for another version than the environment says', async () => {
    const { dir, options } = await healthyPatient();
    await writeLock(join(dir, 'codex-runtime.lock.json'), LOCK);
    expect(await finding(options, 'lockfile')).toMatchObject({ status: 'ok' });
    const env = { ...options.env, CODEX_RUNTIME_VERSION: '0.116.0' };
    expect(await finding({ ...options, env }, 'lockfile')).toMatchObject({
      status: 'fail',
      code: 'LOCK_INCOMPLETE',
      fields: { locked: '0.115.0', wanted: '0.116.0', origin: 'CODEX_RUNTIME_VERSION' },
    });
  });

  it('another version in the prefix', async () => {
    const { options } = await healthyPatient();
    await storedRuntime(options.home);
    await installRuntime(options);
    expect((await diagnose(options)).healthy).toBe(true);
    const wanted = { ...options, version: '0.116.0' };
    expect(await finding(wanted, 'installed.version')).toMatchObject({
      status: 'fail',
      code: 'DAMAGED',
      fields: { expected: '0.116.0', actual: '0.115.0' },
    });
  });
});

describe('of runtimes, the doctor finds', () => {
  it('one that lacks members', async () => {
    const { options } = await healthyPatient();
    await storedRuntime(options.home, { version: '0.153.0' });
    const missing = ['bin/codex-code-mode-host', 'codex-resources/bwrap'];
    const found = await finding(options, 'store');
    expect(found).toMatchObject({ status: 'fail', code: 'DAMAGED', fields: { missing } });
    expect(found.advice).toContain('--variant package');
    await installRuntime({ ...options, version: '0.153.0' });
    expect(await finding(options, 'installed')).toMatchObject({ code: 'DAMAGED' });
  });

  it('nothing in a bare binary that lies beside the complete runtime', async () => {
    const { options } = await healthyPatient();
    const version = '0.153.0';
    await storedRuntime(options.home, { version, variant: 'binary' });
    expect(await finding(options, 'store')).toMatchObject({ status: 'fail' });
    const files = { 'bin/codex-code-mode-host': 'x', 'codex-resources/bwrap': 'x' };
    await storedRuntime(options.home, { version, files });
    expect(await finding(options, 'store')).toMatchObject({ status: 'ok' });
  });

  it('what to do about a package by its prefix, layout and name', async () => {
    const { options } = await healthyPatient();
    await storedRuntime(options.home, { version: '0.153.0' });
    const placed = { ...options, version: '0.153.0', global: true, name: 'mine' };
    await installRuntime(placed);
    const flags = `--prefix ${options.prefix} -g --name mine`;
    expect((await finding(placed, 'installed')).advice).toContain(flags);
    const wanted = { ...placed, version: '0.154.0' };
    expect((await finding(wanted, 'installed.version')).advice).toContain(`0.154.0 ${flags}`);
  });

  it('one in the store whose bytes were changed', async () => {
    const { options } = await healthyPatient();
    const { dir } = await storedRuntime(options.home);
    expect(await finding(options, 'store')).toMatchObject({ status: 'ok' });
    await writeFile(join(dir, 'codex-path', 'rg'), 'x');
    expect(await finding(options, 'store')).toMatchObject({ status: 'fail', fields: { dir } });
  });

  it('one in the prefix that is damaged, or that its link does not lead to', async () => {
    const { options } = await healthyPatient();
    await storedRuntime(options.home);
    await installRuntime(options);
    expect(await finding(options, 'installed')).toMatchObject({ status: 'ok' });
    const link = join(options.prefix, 'node_modules', '.bin', 'codex');
    await rm(link);
    expect(await finding(options, 'installed')).toMatchObject({
      code: 'DAMAGED',
      fields: { link },
    });
    await symlink('/bin/sh', link);
    expect(await finding(options, 'installed')).toMatchObject({ code: 'DAMAGED' });
    const file = join(options.prefix, 'node_modules/codex-cli-bin/bin/codex');
    await rm(file);
    expect(await finding(options, 'installed')).toMatchObject({ code: 'DAMAGED' });
  });

  it('no fault in one that was merely touched', async () => {
    const { options } = await healthyPatient();
    const { dir } = await storedRuntime(options.home);
    await utimes(join(dir, 'bin', 'codex'), new Date(), new Date());
    expect(await finding(options, 'store')).toMatchObject({ status: 'ok' });
  });
});
