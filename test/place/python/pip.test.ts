import { execFile } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packLocalWheel } from '../../../src/package/pack/index.ts';
import { planPackage, pythonNames } from '../../../src/package/stage/index.ts';
import {
  installedPythonRuntime,
  installPythonPackage,
  uninstallPythonPackage,
} from '../../../src/place/index.ts';
import { samePep440 } from '../../../src/place/python/installed-python.ts';
import { parseTarget } from '../../../src/target/index.ts';
import { verifyRuntimes } from '../../../src/verify/index.ts';
import { failure } from '../../support/failure.ts';
import { type MiniatureRuntime, miniatureRuntime } from '../../support/miniature-runtime.ts';
import { storedRealRuntime } from '../../support/real-tree.ts';
import { tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const names = pythonNames('codex-cli-bin');
const env = { PATH: process.env['PATH'], HOME: tmpdir() };

let venv: string;
let python: string;
beforeAll(async () => {
  venv = await mkdtemp(join(tmpdir(), 'codex-runtime-venv-'));
  await run('python3', ['-m', 'venv', venv]);
  python = join(venv, 'bin/python');
});
afterAll(() => rm(venv, { recursive: true, force: true }));

async function wheelOf(options: MiniatureRuntime = {}) {
  const runtime = await miniatureRuntime(await tempDir(), options);
  const plan = await planPackage({ runtime, ecosystem: 'python' });
  const { entrypoint } = runtime.manifest;
  return { wheel: await packLocalWheel(plan, await tempDir()), version: plan.version, entrypoint };
}

describe('installPythonPackage', () => {
  it.each([
    ['ERROR: no space\nHint: none', 'ERROR: no space'],
    ['Traceback (most recent call last):\n  File "x"\nMemoryError: 12', 'MemoryError: 12'],
    ['', 'exit status 1'],
  ])('quotes what pip said: %j', async (words, quoted) => {
    const dying = join(await tempDir(), 'python3');
    await writeFile(dying, '#!/bin/sh\nprintf "%s\\n" "$PIP_WORDS" >&2\nexit 1\n');
    await chmod(dying, 0o755);
    const { wheel, version, entrypoint } = await wheelOf();
    const request = { python: dying, prefix: await tempDir(), names, foreignTarget: null };
    const said = { ...env, PIP_WORDS: words };
    const error = await failure(
      installPythonPackage({ ...PATIENT, ...request, wheel, version, entrypoint, env: said }),
    );
    expect(error.message).toBe(`pip of ${dying} could not install codex-cli-bin: ${quoted}`);
  });

  it('installs into a virtual environment what Python then imports and runs', async () => {
    const runtime = await storedRealRuntime('0.115.0');
    const plan = await planPackage({ runtime, ecosystem: 'python' });
    const wheel = await packLocalWheel(plan, await tempDir());
    const request = { python, prefix: null, names, env, foreignTarget: null };
    const installed = await installPythonPackage({
      ...PATIENT,
      ...{ ...request, wheel, version: '0.115.0' },
      entrypoint: runtime.manifest.entrypoint,
    });
    expect(installed).toMatchObject({ version: '0.115.0', prefix: venv });
    for (const command of [installed.executable, join(venv, 'bin/codex')]) {
      const { stdout } = await run(command, ['--version']);
      expect(stdout).toBe('codex-cli 0.115.0\n');
    }
    const { stdout } = await run(python, ['-c', API]);
    expect(JSON.parse(stdout)).toEqual({
      version: '0.115.0',
      name: 'codex-cli-bin',
      codex: join(installed.dir, 'bin/codex'),
      dir: installed.dir,
      path: join(installed.dir, 'codex-path'),
      typed: true,
      wheel: 'py3-none-manylinux_2_17_x86_64',
    });
    // pip itself agrees that every file is as RECORD says.
    await expect(run(python, ['-m', 'pip', 'check'])).resolves.toBeDefined();
  });

  it('lets the pip of another Python install where the environment has none, as those of uv', async () => {
    const bare = join(await tempDir(), '.venv');
    await run('python3', ['-m', 'venv', '--without-pip', bare]);
    const request = { prefix: null, names, env, foreignTarget: null, ...(await wheelOf()) };
    const own = { ...request, python: join(bare, 'bin/python') };
    expect(await installPythonPackage({ ...PATIENT, ...own })).toMatchObject({
      version: '0.115.0',
      prefix: bare,
    });
    await uninstallPythonPackage(own);
    expect(await installedPythonRuntime(own)).toBeNull();
  });

  it('replaces an older version in a directory, and knows a prerelease in PEP 440 form', async () => {
    const prefix = join(await tempDir(), 'site');
    await mkdir(join(prefix, 'bin'), { recursive: true });
    await writeFile(join(prefix, 'bin/other'), 'kept');
    const request = { python, prefix, names, env, foreignTarget: null };
    await installPythonPackage({ ...PATIENT, ...request, ...(await wheelOf()) });
    const newer = await wheelOf({ version: '0.116.0-alpha.2' });
    const installed = await installPythonPackage({ ...PATIENT, ...request, ...newer });
    expect(installed.version).toBe('0.116.0a2');
    expect(await installedPythonRuntime(request)).toEqual(installed);
    expect((await readdir(prefix)).sort()).toEqual([
      '.codex_cli_bin',
      'bin',
      'codex_cli_bin',
      'codex_cli_bin-0.116.0a2.dist-info',
    ]);
    expect(await readFile(join(prefix, 'bin/other'), 'utf8')).toBe('kept');
    const { stdout } = await run(join(prefix, 'bin/codex'), [], { env: {} });
    expect(stdout).toBe('codex-cli 0.116.0-alpha.2\n');
  });

  it.each(['win32-x64', 'darwin-arm64', 'linux-arm64'])(
    'puts the wheel of %s into a directory of its own',
    async (spelling) => {
      const target = parseTarget(spelling);
      const prefix = await tempDir();
      const installed = await installPythonPackage({
        ...PATIENT,
        ...(await wheelOf({ target: spelling })),
        ...{ python, prefix, names, env, foreignTarget: target },
      });
      expect(installed.executable).toBe(join(prefix, `codex_cli_bin/bin/codex${target.exeSuffix}`));
      expect((await stat(installed.executable)).mode & 0o777).toBe(0o755);
    },
  );

  it('tells what pip says about a wheel of another platform', async () => {
    const wheel = await wheelOf({ target: 'win32-x64' });
    const request = { python, prefix: await tempDir(), names, env, foreignTarget: null };
    await expect(installPythonPackage({ ...PATIENT, ...request, ...wheel })).rejects.toMatchObject({
      code: 'INSTALL_FAILED',
      message: expect.stringContaining('not a supported wheel'),
    });
  });

  it('refuses when Python then finds another version', async () => {
    const wheel = await wheelOf();
    const request = { python, prefix: await tempDir(), names, env, foreignTarget: null };
    const installing = installPythonPackage({
      ...PATIENT,
      ...request,
      ...wheel,
      version: '0.116.0',
    });
    await expect(installing).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      fields: { expected: '0.116.0', actual: '0.115.0' },
    });
  });

  it('says when there is no such Python', async () => {
    const request = { python: '/nowhere/python', prefix: null, names, env, foreignTarget: null };
    const installing = installPythonPackage({
      ...PATIENT,
      ...request,
      wheel: '/x.whl',
      version: '0.115.0',
      entrypoint: 'x',
    });
    await expect(installing).rejects.toMatchObject({ code: 'INSTALL_FAILED', exitStatus: 8 });
  });
});

describe('verifyRuntimes, of a directory that pip filled', () => {
  it.each(['__init__.py', 'codex-path/rg'])('finds a changed byte in %s', async (path) => {
    const prefix = await tempDir();
    const request = { python, prefix, names, env, foreignTarget: null };
    const { dir } = await installPythonPackage({ ...PATIENT, ...request, ...(await wheelOf()) });
    const options = { prefix, home: await tempDir(), cwd: prefix, env };
    expect((await verifyRuntimes(options)).runtimes).toMatchObject([{ dir, version: '0.115.0' }]);
    const bytes = await readFile(join(dir, path));
    await writeFile(join(dir, path), bytes.fill(bytes[9] ?? 0, 10, 11));
    const error = await failure(verifyRuntimes(options));
    expect(error).toMatchObject({ code: 'DAMAGED', exitStatus: 9 });
    expect(error.fields['damages']).toMatchObject([{ dir, path, kind: 'digest' }]);
    expect(error.hint).toContain('--ecosystem python');
  });
});

describe('verifyRuntimes, of a directory that we filled', () => {
  it('finds a command that is gone or leads elsewhere', async () => {
    const prefix = await tempDir();
    const request = { python, prefix, names, env, foreignTarget: null };
    await installPythonPackage({ ...PATIENT, ...request, ...(await wheelOf()) });
    const options = { prefix, home: await tempDir(), cwd: prefix, env };
    const command = join(prefix, 'bin/codex');
    for (const change of [() => rm(command), () => symlink('/bin/true', command)]) {
      await change();
      const error = await failure(verifyRuntimes(options));
      expect(error.fields['damages']).toMatchObject([{ path: command, kind: 'link' }]);
    }
  });
});

describe('installedPythonRuntime', () => {
  it('finds nothing in an empty directory, and nothing where the executable is gone', async () => {
    const prefix = await tempDir();
    const environment = { python, prefix, names: pythonNames('other-name'), env };
    expect(await installedPythonRuntime(environment)).toBeNull();
    const request = { ...environment, names, foreignTarget: null };
    const { executable } = await installPythonPackage({
      ...PATIENT,
      ...request,
      ...(await wheelOf()),
    });
    await rm(executable);
    const { stdout } = await run(python, ['-c', MISSING], { env: { PYTHONPATH: prefix } });
    expect(stdout).toBe('FileNotFoundError\n');
    expect(await installedPythonRuntime(request)).toBeNull();
  });

  it('does not import from the working directory or PYTHONPATH', async () => {
    const trap = await tempDir();
    await mkdir(join(trap, 'trapped'));
    await writeFile(
      join(trap, 'trapped/__init__.py'),
      `open(${JSON.stringify(`${trap}/sprung`)}, "w")`,
    );
    const trapped = pythonNames('trapped');
    const environment = { python, prefix: null, names: trapped, env: { ...env, PYTHONPATH: trap } };
    expect(await installedPythonRuntime(environment)).toBeNull();
    await expect(stat(join(trap, 'sprung'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

it.each([
  ['0.115.0', '0.115.0', true],
  ['0.116.0a11', '0.116.0-alpha.11', true],
  ['0.116.0rc1', '0.116.0', false],
  ['nonsense', 'nonsense', false],
])('%s and %s are one version: %s', (a, b, same) => {
  expect(samePep440(a, b)).toBe(same);
});

const API = `
import importlib.metadata, json, pathlib
import codex_cli_bin as c
distribution = importlib.metadata.distribution("codex-cli-bin")
wheel = [line[5:] for line in distribution.read_text("WHEEL").splitlines() if line.startswith("Tag: ")]
print(json.dumps({
    "version": distribution.version,
    "name": c.PACKAGE_NAME,
    "codex": str(c.bundled_codex_path()),
    "dir": str(c.bundled_package_dir()),
    "path": str(c.bundled_path_dir()),
    "typed": pathlib.Path(c.__file__).with_name("py.typed").is_file(),
    "wheel": wheel[0],
}))
`;

const MISSING = `
import codex_cli_bin
try:
    codex_cli_bin.bundled_codex_path()
except FileNotFoundError as error:
    print(type(error).__name__)
`;

import { PATIENT } from '../../support/held.ts';
