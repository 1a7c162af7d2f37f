import {
  appendFile,
  chmod,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeLock } from '../../src/lockfile/index.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import type { Runtime } from '../../src/store/index.ts';
import { type RuntimeDamage, verifyRuntimes } from '../../src/verify/index.ts';
import { failure } from '../support/failure.ts';
import type { MiniatureRuntime } from '../support/miniature-runtime.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

const HOST = { platform: 'linux', arch: 'x64' };

async function home(content?: Parameters<typeof storedRuntime>[1]) {
  const dir = await tempDir();
  const options = { home: join(dir, 'home'), cwd: dir, env: { HOME: dir }, host: HOST };
  return { dir, options, runtime: await storedRuntime(options.home, content) };
}

/** The damages that verifying finds after `harm`, without the directory. */
async function damagesAfter(
  harm: (runtime: Runtime) => Promise<unknown>,
  content?: MiniatureRuntime,
) {
  const { options, runtime } = await home(content);
  await harm(runtime);
  const error = await failure(verifyRuntimes(options));
  expect(error.code).toBe('DAMAGED');
  expect(error.exitStatus).toBe(9);
  expect(error.hint).toContain('codex-runtime install');
  return (error.fields['damages'] as RuntimeDamage[]).map(({ dir, ...damage }) => {
    expect(dir).toBe(runtime.dir);
    return damage;
  });
}

/** Writes without leaving a trace in size and time. */
async function flipBit(path: string): Promise<void> {
  const { atime, mtime, mode } = await stat(path);
  const bytes = await readFile(path);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  await chmod(path, 0o755);
  await writeFile(path, bytes);
  await chmod(path, mode);
  await utimes(path, atime, mtime);
}

describe('verifyRuntimes, of the store', () => {
  it('tells what it hashed when everything is whole', async () => {
    const { options, runtime } = await home();
    const { runtimes } = await verifyRuntimes(options);
    expect(runtimes).toMatchObject([
      { place: 'store', version: '0.115.0', variant: 'package', dir: runtime.dir, files: 2 },
    ]);
    expect(runtimes[0]?.damages).toEqual([]);
    expect(await verifyRuntimes({ ...options, version: '0.115.0' })).toEqual({ runtimes });
  });

  it('finds a changed bit that size and time do not show', async () => {
    const damages = await damagesAfter(({ dir }) => flipBit(join(dir, 'codex-path/rg')));
    expect(damages).toMatchObject([{ path: 'codex-path/rg', kind: 'digest' }]);
  });

  it('does not run an executable whose bytes are wrong', async () => {
    const damages = await damagesAfter(async ({ dir }) => {
      await writeFile(join(dir, 'bin/codex'), `#!/bin/sh\ntouch ${dir}/ran\n`);
    });
    expect(damages).toMatchObject([{ path: 'bin/codex', kind: 'size' }]);
  });

  it.each([
    ['missing', (path: string) => rm(path)],
    ['size', (path: string) => appendFile(path, 'more')],
    [
      'not-a-file',
      async (path: string) => {
        await rename(path, `${path}.away`);
        await symlink(`${path}.away`, path);
      },
    ],
  ])('finds a file that is %s', async (kind, harm) => {
    const damages = await damagesAfter(({ dir }) => harm(join(dir, 'codex-path/rg')));
    expect(damages).toContainEqual(expect.objectContaining({ path: 'codex-path/rg', kind }));
  });

  it('finds files that nobody verified, in the tree and beside it', async () => {
    const damages = await damagesAfter(async ({ dir }) => {
      await writeFile(join(dir, 'codex-path', 'git'), 'evil');
      await mkdir(join(dir, 'bin', 'deep'));
      await writeFile(join(dir, 'bin', 'deep', 'er'), 'evil');
      await writeFile(join(dir, 'note.txt'), 'hello');
    });
    expect(damages).toEqual([
      { path: 'bin/deep/er', kind: 'unexpected' },
      { path: 'codex-path/git', kind: 'unexpected' },
      { path: 'note.txt', kind: 'unexpected' },
    ]);
  });

  it('finds a manifest that cannot be read, or describes another runtime', async () => {
    expect(await damagesAfter(({ dir }) => writeFile(join(dir, 'runtime.json'), '{"half'))).toEqual(
      [{ path: 'runtime.json', kind: 'manifest' }],
    );
    const moved = await damagesAfter(async ({ dir }) => {
      const path = join(dir, 'runtime.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('"variant": "package"', '"variant": "binary"'));
    });
    expect(moved).toMatchObject([{ path: 'runtime.json', kind: 'manifest' }]);
  });

  it('finds members that the version should have', async () => {
    expect(await damagesAfter(async () => undefined, { version: '0.153.0' })).toEqual([
      { path: 'bin/codex-code-mode-host', kind: 'incomplete' },
      { path: 'codex-resources/bwrap', kind: 'incomplete' },
    ]);
    const { options } = await home({
      version: '0.153.0',
      files: { 'bin/codex-code-mode-host': 'x', 'codex-resources/bwrap': 'x' },
    });
    expect((await verifyRuntimes(options)).runtimes).toHaveLength(1);
  });

  it('misses nothing of a bare binary that the complete runtime is beside, as the hint brings it', async () => {
    const version = '0.153.0';
    const { options } = await home({ version, variant: 'binary' });
    const { hint } = await failure(verifyRuntimes(options));
    expect(hint).toContain(`codex-runtime install ${version} `);
    expect(hint).toContain('--variant package');
    const complete = { 'bin/codex-code-mode-host': 'x', 'codex-resources/bwrap': 'x' };
    await storedRuntime(options.home, { version, files: complete });
    expect((await verifyRuntimes(options)).runtimes).toHaveLength(2);
    // In a prefix nothing is beside it.
    const prefix = join(options.cwd, 'p');
    await installRuntime({ ...options, version, variant: 'binary', prefix, offline: true });
    expect(await failure(verifyRuntimes({ ...options, prefix }))).toMatchObject({
      code: 'DAMAGED',
      fields: { damages: [{ kind: 'incomplete' }, { kind: 'incomplete' }] },
    });
  });

  it('says of each damaged runtime how to repair it', async () => {
    const { options, runtime } = await home();
    const other = await storedRuntime(options.home, { version: '0.116.0' });
    for (const { dir } of [runtime, other]) await rm(join(dir, 'codex-path/rg'));
    const { hint } = await failure(verifyRuntimes(options));
    for (const version of ['0.115.0', '0.116.0']) {
      expect(hint).toMatch(new RegExp(`^Repair it with "codex-runtime install ${version} `, 'm'));
    }
  });

  it('finds an executable that says another version, or does not run', async () => {
    const says = { 'bin/codex': '#!/bin/sh\necho codex-cli 0.114.0\n' };
    expect(await damagesAfter(async () => undefined, { files: says })).toEqual([
      { path: 'bin/codex', kind: 'version', expected: '0.115.0', actual: '0.114.0' },
    ]);
    const fails = { 'bin/codex': '#!/bin/sh\nexit 3\n' };
    expect(await damagesAfter(async () => undefined, { files: fails })).toEqual([
      { path: 'bin/codex', kind: 'does-not-run', actual: expect.stringContaining('noexec') },
    ]);
  });

  it('does not run what is for another machine', async () => {
    const { options } = await home({
      target: 'darwin-arm64',
      files: { 'bin/codex': '#!/bin/sh\nexit 3\n' },
    });
    expect((await verifyRuntimes(options)).runtimes).toMatchObject([
      { target: 'aarch64-apple-darwin', damages: [] },
    ]);
  });

  it('finds an executable that the lockfile does not pin', async () => {
    const { dir, options, runtime } = await home();
    const pinned = '0'.repeat(64);
    await writeLock(join(dir, 'codex-runtime.lock.json'), {
      version: '0.115.0',
      repo: 'openai/codex',
      targets: {
        'x86_64-unknown-linux-musl': {
          assets: [{ name: 'a', sha256: pinned }],
          entrypoint: { sha256: pinned },
        },
      },
    });
    const error = await failure(verifyRuntimes(options));
    expect(error.fields['damages']).toEqual([
      {
        dir: runtime.dir,
        path: 'bin/codex',
        kind: 'lock',
        expected: pinned,
        actual: runtime.manifest.files.find(({ path }) => path === 'bin/codex')?.sha256,
      },
    ]);
  });

  it('seals again what was only touched', async () => {
    const { options, runtime } = await home();
    const path = join(runtime.dir, 'bin/codex');
    const { mtimeMs } = await stat(path);
    await chmod(path, 0o700);
    await utimes(path, new Date(), new Date());
    await verifyRuntimes(options);
    expect(await stat(path)).toMatchObject({ mtimeMs });
    expect((await stat(path)).mode & 0o777).toBe(0o755);
  });

  it('looks at the chosen version and target only', async () => {
    const { options, runtime } = await home();
    await storedRuntime(options.home, { version: '0.116.0' });
    await storedRuntime(options.home, { version: '0.116.0', target: 'win32-x64' });
    await rm(join(runtime.dir, 'bin/codex'));
    const of = async (more: object) => (await verifyRuntimes({ ...options, ...more })).runtimes;
    expect(await of({ version: 'rust-v0.116.0' })).toHaveLength(2);
    expect(await of({ version: '0.116.0', target: 'win32-x64' })).toHaveLength(1);
    const error = await failure(verifyRuntimes(options));
    expect(error.code).toBe('DAMAGED');
    // What is whole is told too.
    expect(error.fields['runtimes']).toHaveLength(3);
    expect((await failure(of({ version: '0.117.0' }))).code).toBe('RELEASE_NOT_FOUND');
  });
});

describe('verifyRuntimes, of a prefix', () => {
  async function installed() {
    const found = await home();
    const prefix = join(found.dir, 'prefix');
    const options = { ...found.options, version: '0.115.0', prefix };
    const { package: installedPackage } = await installRuntime(options);
    return { ...found, options, prefix, installedPackage };
  }

  it('tells that the package is whole, and finds it without being told the prefix', async () => {
    const { options, prefix, installedPackage } = await installed();
    const { runtimes } = await verifyRuntimes(options);
    const { dir } = installedPackage;
    expect(runtimes).toMatchObject([{ place: 'prefix', prefix, version: '0.115.0', dir }]);
    const { version: _version, prefix: _prefix, ...anywhere } = options;
    expect((await verifyRuntimes(anywhere)).runtimes.map(({ place }) => place)).toEqual([
      'store',
      'prefix',
    ]);
  });

  it('finds a package of another version than it has to be', async () => {
    const { options } = await installed();
    const error = await failure(verifyRuntimes({ ...options, version: '0.116.0' }));
    expect(error.fields['damages']).toMatchObject([
      { path: null, kind: 'version', expected: '0.116.0', actual: '0.115.0' },
    ]);
    expect(error.hint).toContain('codex-runtime install 0.116.0 ');
  });

  it('finds a link that is gone or leads elsewhere', async () => {
    const { options, prefix } = await installed();
    const link = join(prefix, 'node_modules', '.bin', 'codex');
    await rm(link);
    const gone = await failure(verifyRuntimes(options));
    expect(gone.fields['damages']).toMatchObject([{ path: link, kind: 'link', actual: 'nothing' }]);
    await symlink('/bin/sh', link);
    const elsewhere = await failure(verifyRuntimes(options));
    expect(elsewhere.fields['damages']).toMatchObject([{ path: link, kind: 'link' }]);
    expect(elsewhere.hint).toContain(`--prefix ${prefix}`);
  });

  it('tells the command that repairs this prefix, with its layout and name', async () => {
    const found = await home();
    const prefix = join(found.dir, 'prefix');
    const options = { ...found.options, version: '0.115.0', prefix, global: true, name: 'mine' };
    const { package: own } = await installRuntime(options);
    await flipBit(join(own.dir, 'index.js'));
    const { hint } = await failure(verifyRuntimes(options));
    expect(hint).toContain(`--prefix ${prefix} -g --name mine`);
  });

  it('finds a write through the hardlink that the prefix and the store share', async () => {
    const { options, installedPackage } = await installed();
    await flipBit(join(installedPackage.dir, 'codex-path', 'rg'));
    const error = await failure(verifyRuntimes(options));
    expect(error.fields['damages']).toMatchObject([{ path: 'codex-path/rg', kind: 'digest' }]);
  });

  it.each(['index.js', 'index.d.ts', 'package.json', 'README.md', 'LICENSE'])(
    "finds a changed bit in the package's own %s",
    async (path) => {
      const { options, installedPackage } = await installed();
      await flipBit(join(installedPackage.dir, path));
      const error = await failure(verifyRuntimes(options));
      expect(error).toMatchObject({ code: 'DAMAGED', exitStatus: 9 });
      expect(error.fields['damages']).toMatchObject([{ path, kind: 'digest' }]);
    },
  );

  it('refuses a target, which it would not look at', async () => {
    const { options, prefix } = await installed();
    for (const named of [{ prefix }, { global: true }, { name: 'codex-cli-bin' }]) {
      const error = await failure(
        verifyRuntimes({ home: options.home, env: options.env, ...named, target: 'linux-x64' }),
      );
      expect(error).toMatchObject({ code: 'USAGE', exitStatus: 2 });
    }
    const { home: own, env } = options;
    const ofPython = verifyRuntimes({
      ecosystem: 'python',
      home: own,
      env,
      prefix,
      target: 'linux-x64',
    });
    expect((await failure(ofPython)).code).toBe('USAGE');
  });

  it('leaves prefixes out where a target of the store is meant', async () => {
    const { options } = await installed();
    const { version: _version, prefix: _prefix, ...anywhere } = options;
    const { runtimes } = await verifyRuntimes({ ...anywhere, target: 'linux-x64' });
    expect(runtimes.map(({ place }) => place)).toEqual(['store']);
  });

  it('says that a prefix holds no runtime', async () => {
    const { dir, options } = await home();
    const error = await failure(verifyRuntimes({ ...options, prefix: join(dir, 'empty') }));
    expect(error.code).toBe('RELEASE_NOT_FOUND');
  });
});
