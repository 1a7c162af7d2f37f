import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publishRelease } from '../../../src/package/publish/index.ts';
import { settingsFrom } from '../../../src/request/settings.ts';
import { miniatureRuntimes, packMiniatures } from '../../support/packed-release.ts';
import { storedRealRuntime } from '../../support/real-tree.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { npmUser, startRegistry, type TestRegistry } from '../../support/verdaccio.ts';

const run = promisify(execFile);

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.close());

/** A user's project, and npm in it. */
async function project(env: Record<string, string>) {
  const dir = await realpath(await tempDir());
  await writeFile(join(dir, 'package.json'), '{"name":"project","private":true}');
  const options = { cwd: dir, env };
  return {
    dir,
    npm: (...args: readonly string[]) => run('npm', args, options),
    node: async (...args: readonly string[]) => (await run(process.execPath, args, options)).stdout,
  };
}

// 50 MB are packed, uploaded and installed twice: twenty seconds of work, and more on a busy machine.
it('the real 0.115.0, packed and published, works for who installs it without scripts', {
  timeout: 240_000,
}, async () => {
  const real = await storedRealRuntime('0.115.0');
  const others = (await miniatureRuntimes()).filter(({ manifest }) =>
    ['aarch64-apple-darwin', 'x86_64-pc-windows-msvc'].includes(manifest.target),
  );
  const { out } = await packMiniatures({ runtimes: [real, ...others], ecosystems: ['node'] });
  const env = await npmUser(await tempDir(), registry.url);
  const host = { platform: process.platform, arch: process.arch };
  await publishRelease({ directory: out, settings: settingsFrom(env, { cwd: out, host }) });

  const { dir, npm, node } = await project(env);
  await npm('install', 'codex-cli-bin', '--ignore-scripts');
  const command = join(dir, 'node_modules/.bin/codex');
  const native = join(dir, 'node_modules/codex-cli-bin-linux-x64/bin/codex');

  // The first start goes through the launcher, and then the command is the executable itself.
  expect(await realpath(command)).toBe(join(dir, 'node_modules/codex-cli-bin/launch.js'));
  for (const _ of ['first', 'second']) {
    const { stdout } = await run(command, ['--version'], { env });
    expect(stdout).toBe('codex-cli 0.115.0\n');
    expect(await realpath(command)).toBe(native);
  }
  // The platform package's own command never had anything in between.
  expect(await realpath(join(dir, 'node_modules/.bin/codex-cli-bin-linux-x64'))).toBe(native);
  expect((await readdir(join(dir, 'node_modules/.bin'))).length).toBe(2);

  const facts = {
    codex: native,
    path: join(dir, 'node_modules/codex-cli-bin-linux-x64/codex-path'),
    version: '0.115.0',
    target: 'x86_64-unknown-linux-musl',
  };
  const print = `console.log(JSON.stringify({ codex: codexPath(), path: pathDir(), version, target }))`;
  const names = '{ codexPath, pathDir, version, target }';
  for (const name of ['codex-cli-bin', 'codex-cli-bin-linux-x64']) {
    const imported = ['--input-type=module', '-e', `import ${names} from '${name}';${print}`];
    expect(JSON.parse(await node(...imported))).toEqual(facts);
    const required = ['-e', `const ${names} = require('${name}');${print}`];
    expect(JSON.parse(await node(...required))).toEqual(facts);
  }
  await expect(npm('ls')).resolves.toMatchObject({ stdout: expect.stringContaining('0.115.0') });

  await npm('install', '--global', `--prefix=${join(dir, 'global')}`, 'codex-cli-bin');
  const { stdout } = await run(join(dir, 'global/bin/codex'), ['--version'], { env });
  expect(stdout).toBe('codex-cli 0.115.0\n');
});

it('the launcher passes the exit status on and says what is missing', async () => {
  const { out } = await packMiniatures({ name: 'small', ecosystems: ['node'] });
  const env = await npmUser(await tempDir(), registry.url);
  const host = { platform: process.platform, arch: process.arch };
  await publishRelease({ directory: out, settings: settingsFrom(env, { cwd: out, host }) });
  const { dir, npm } = await project(env);
  await npm('install', 'small');
  const launcher = join(dir, 'node_modules/small/launch.js');
  await expect(run(launcher, ['exit', '7'])).rejects.toMatchObject({ code: 7 });
  // What is no link to it, like itself, it leaves alone.
  expect((await lstat(launcher)).isFile()).toBe(true);
  await npm('install', '--omit=optional');
  await expect(run(launcher, ['--version'])).rejects.toMatchObject({
    // One sentence, no stack.
    stderr: expect.stringMatching(/^codex: [^\n]*small-linux-x64 is not installed[^\n]*\n$/),
  });
});

it('the launcher serves who may not write to node_modules', async () => {
  const { out } = await packMiniatures({ name: 'shared', ecosystems: ['node'] });
  const env = await npmUser(await tempDir(), registry.url);
  const host = { platform: process.platform, arch: process.arch };
  await publishRelease({ directory: out, settings: settingsFrom(env, { cwd: out, host }) });
  const { dir, npm } = await project(env);
  await npm('install', 'shared');
  const bin = join(dir, 'node_modules/.bin');
  await chmod(dir, 0o755);
  await chmod(bin, 0o555);
  // Modes do not bind root; somebody else may not write there either.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  for (const _ of ['first', 'second']) {
    const started = run(join(bin, 'codex'), ['--version'], { env, ...user });
    expect(await started).toEqual({ stdout: 'codex-cli 0.115.0\n', stderr: '' });
    expect(await realpath(join(bin, 'codex'))).toBe(join(dir, 'node_modules/shared/launch.js'));
  }
  expect((await readdir(bin)).sort()).toEqual(['codex', 'shared-linux-x64']);
});

it('types resolve for both kinds of module', async () => {
  const { out } = await packMiniatures({ name: 'typed', ecosystems: ['node'] });
  const dir = await tempDir();
  const installed = join(dir, 'node_modules/typed');
  await mkdir(installed, { recursive: true });
  await run('tar', [
    'xzf',
    join(out, 'typed-0.115.0.tgz'),
    '-C',
    installed,
    '--strip-components=1',
  ]);
  const use =
    "import { codexPath, pathDir, target, version } from 'typed';\n" +
    'export const all: [string, string | null, string | undefined, string] =\n' +
    '  [codexPath(), pathDir(), target, version];\n';
  await writeFile(join(dir, 'a.mts'), use);
  await writeFile(join(dir, 'b.cts'), use);
  const tsc = join(import.meta.dirname, '../../../node_modules/.bin/tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--types', ''];
  await run(tsc, [...flags, 'a.mts', 'b.cts'], { cwd: dir });
});
