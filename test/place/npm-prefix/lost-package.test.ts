import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { installRuntime } from '../../../src/operations/install-runtime.ts';
import { listInstalled } from '../../../src/operations/list-installed.ts';
import { uninstallRuntime } from '../../../src/operations/uninstall-runtime.ts';
import { verifyRuntimes } from '../../../src/verify/index.ts';
import { failure } from '../../support/failure.ts';
import { finding, healthyPatient } from '../../support/patient.ts';
import { storedRuntime } from '../../support/stored-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const NPM = ['--offline', '--no-audit', '--no-fund'];

/** A prefix with a package, as a user has it. */
async function installed(packageJson?: string) {
  const { options } = await healthyPatient();
  const { prefix } = options;
  await storedRuntime(options.home);
  if (packageJson !== undefined) {
    await mkdir(prefix);
    await writeFile(join(prefix, 'package.json'), packageJson);
  }
  await installRuntime(options);
  const other = await tempDir();
  await writeFile(join(other, 'package.json'), '{"name":"other","version":"1.0.0"}');
  const npm = (...words: string[]) => run('npm', [...words, ...NPM], { cwd: prefix });
  return { options, prefix, other, npm, dir: join(prefix, 'node_modules', 'codex-cli-bin') };
}

type Prefix = Awaited<ReturnType<typeof installed>>;

/** Everybody who looks says that the package is gone. */
async function expectLost({ options, prefix, dir }: Prefix, version: string | null) {
  expect(await finding(options, 'installed')).toMatchObject({
    status: 'fail',
    code: 'DAMAGED',
    advice: expect.stringContaining(`--prefix ${prefix}`),
    fields: { version, dir },
  });
  expect((await listInstalled(options)).prefixes).toEqual([
    {
      ...{ prefix, global: false, name: 'codex-cli-bin', version, ecosystem: 'node', python: null },
      ...{ repo: null, target: null, executable: null, healthy: false, state: 'missing' },
    },
  ]);
  const { prefix: _, ...anywhere } = options;
  for (const asked of [options, anywhere]) {
    const error = await failure(verifyRuntimes(asked));
    expect(error).toMatchObject({ code: 'DAMAGED', exitStatus: 9 });
    expect(error.fields['damages']).toEqual([{ dir, path: null, kind: 'missing' }]);
    expect(error.hint).toContain(`--prefix ${prefix}`);
  }
}

async function expectWell({ options }: Prefix) {
  expect(await finding(options, 'installed')).toMatchObject({ status: 'ok' });
  expect((await listInstalled(options)).prefixes).toMatchObject([{ state: 'healthy' }]);
  await verifyRuntimes(options);
}

describe('a package that npm removed', () => {
  it('is whole after npm ci in a prefix of ours: its build lies beside node_modules', async () => {
    const prefix = await installed();
    await expectWell(prefix);
    await prefix.npm('install', prefix.other);
    await expectWell(prefix);
    await prefix.npm('ci');
    await expectWell(prefix);
    const command = join(prefix.prefix, 'node_modules/.bin/codex');
    expect((await run(command, ['--version'])).stdout).toBe('codex-cli 0.115.0\n');
  });

  it('is missed by doctor, list and verify until it is installed again', async () => {
    const prefix = await installed();
    await rm(join(prefix.prefix, '.codex-cli-bin'), { recursive: true });
    expect(await readlink(prefix.dir)).toContain('.codex-cli-bin');
    await expectLost(prefix, '0.115.0');
    await installRuntime(prefix.options);
    await expectWell(prefix);
  });

  it('from a project that does not name it, is missed too', async () => {
    const prefix = await installed('{"name":"mine"}');
    await prefix.npm('install', prefix.other);
    expect(await readdir(join(prefix.prefix, 'node_modules'))).not.toContain('codex-cli-bin');
    await expectLost(prefix, null);
    await installRuntime(prefix.options);
    await expectWell(prefix);
  });

  it('is missed by the entry alone, whoever installed it', async () => {
    const prefix = await installed();
    await rm(join(prefix.prefix, 'node_modules'), { recursive: true });
    const elsewhere = { ...prefix.options, home: await tempDir() };
    expect(await finding(elsewhere, 'installed')).toMatchObject({
      code: 'DAMAGED',
      fields: { version: '0.115.0', trace: 'package.json' },
    });
  });

  it.each(['.codex-cli-bin', 'node_modules'])(
    'without its %s is forgotten by uninstall, with all that is left',
    async (lost) => {
      const prefix = await installed();
      await prefix.npm('install', prefix.other);
      await rm(join(prefix.prefix, lost), { recursive: true });
      const gone = await uninstallRuntime(prefix.options);
      expect(gone.package).toMatchObject({ version: '0.115.0', dir: prefix.dir });
      await expect(readlink(prefix.dir)).rejects.toThrow();
      expect(await finding(prefix.options, 'installed')).toMatchObject({ status: 'ok' });
      expect((await listInstalled(prefix.options)).prefixes).toEqual([]);
      const left = await readFile(join(prefix.prefix, 'package.json'), 'utf8');
      expect(Object.keys(JSON.parse(left).dependencies)).toEqual(['other']);
    },
  );

  it('is not missed where the whole prefix is gone', async () => {
    const { options, prefix } = await installed();
    await rm(prefix, { recursive: true });
    expect((await listInstalled(options)).prefixes).toEqual([]);
    expect(await finding(options, 'installed')).toMatchObject({ status: 'ok' });
    expect((await failure(verifyRuntimes(options))).code).toBe('RELEASE_NOT_FOUND');
  });
});

it('a runtime.json that nobody can read is damage to doctor, list and verify', async () => {
  const prefix = await installed();
  await writeFile(join(prefix.dir, 'runtime.json'), '{');
  expect(await finding(prefix.options, 'installed')).toMatchObject({
    code: 'DAMAGED',
    fields: { trace: 'manifest', version: '0.115.0' },
  });
  expect((await listInstalled(prefix.options)).prefixes).toMatchObject([{ state: 'damaged' }]);
  const error = await failure(verifyRuntimes(prefix.options));
  expect(error.fields['damages']).toMatchObject([{ path: 'runtime.json', kind: 'manifest' }]);
  await uninstallRuntime(prefix.options);
  expect(await finding(prefix.options, 'installed')).toMatchObject({ status: 'ok' });
});

it('uninstall succeeds where the home cannot forget the prefix', async () => {
  const { options, dir } = await installed();
  const prefixes = join(options.home, 'prefixes');
  const [note = ''] = await readdir(prefixes);
  // What no unlink removes, whoever runs this.
  await rm(join(prefixes, note));
  await mkdir(join(prefixes, note));
  expect((await uninstallRuntime(options)).package).toMatchObject({ dir });
  await expect(access(dir)).rejects.toMatchObject({ code: 'ENOENT' });
});
