import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { uninstallEverything } from '../../src/operations/uninstall-everything.ts';
import { uninstallRuntime } from '../../src/operations/uninstall-runtime.ts';
import { holdPath, workOnce } from '../../src/store/index.ts';
import { failure } from '../support/failure.ts';
import { healthyPatient } from '../support/patient.ts';
import { document, runCli } from '../support/run-cli.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A home with one runtime, and a prefix that holds it. */
async function installed() {
  const { options } = await healthyPatient();
  const { dir } = await storedRuntime(options.home);
  await installRuntime(options);
  const { prefix, ...anywhere } = options;
  return { options, anywhere, prefix, dir };
}

describe('uninstallRuntime', () => {
  it('says what still has the version, and the command for that', async () => {
    const { options, anywhere, prefix, dir } = await installed();
    const ofStore = await uninstallRuntime({ ...anywhere, version: '0.115.0' });
    expect(ofStore.runtimes).toEqual([dir]);
    const command = `codex-runtime uninstall --home ${options.home} --prefix ${prefix}`;
    expect(ofStore.kept).toEqual([{ place: 'prefix', dir: prefix, command }]);
    // Asked again, the error leads to what there is.
    const error = await failure(uninstallRuntime({ ...anywhere, version: '0.115.0' }));
    expect(error).toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      hint: expect.stringContaining(command),
    });
    expect((await uninstallRuntime(options)).kept).toEqual([]);
  });

  it('of a prefix names the store that keeps the runtime', async () => {
    const { options, dir } = await installed();
    const target = 'x86_64-unknown-linux-musl';
    const command = `codex-runtime uninstall --home ${options.home} 0.115.0 --target ${target}`;
    expect((await uninstallRuntime(options)).kept).toEqual([{ place: 'store', dir, command }]);
  });
});

describe('uninstallEverything', () => {
  it('removes the store, all that the home knows, and nothing else', async () => {
    const { options, anywhere, prefix, dir } = await installed();
    const { home } = options;
    const second = await tempDir();
    await writeFile(join(second, 'package.json'), '{"name":"mine"}');
    await installRuntime({ ...options, prefix: second, name: '@example/codex' });
    const python = join(await tempDir(), 'python');
    const env = { ...options.env, PATH: process.env['PATH'] ?? '' };
    await installRuntime({ ...anywhere, env, ecosystem: 'python', prefix: python });
    await mkdir(join(home, 'partial'), { recursive: true });
    await writeFile(join(home, 'partial', 'sha256-0'), 'half');
    await writeFile(join(home, 'mine.txt'), 'mine');

    const preview = await uninstallEverything({ ...anywhere, env, dryRun: true });
    expect(preview).toMatchObject({ runtimes: [dir], dryRun: true });
    expect(preview.prefixes.map(({ ecosystem, name }) => `${ecosystem} ${name}`).sort()).toEqual([
      'node @example/codex',
      'node codex-cli-bin',
      'python codex-cli-bin',
    ]);
    await access(join(prefix, 'node_modules/codex-cli-bin/bin/codex'));

    expect(await uninstallEverything({ ...anywhere, env })).toEqual({ ...preview, dryRun: false });
    expect(await readdir(home)).toEqual(['mine.txt']);
    expect(await readdir(prefix)).toEqual([]);
    expect(await readdir(join(second, 'node_modules'))).toEqual([]);
    expect(await readdir(python)).toEqual([]);
    // A second time there is nothing, and that is no error.
    expect(await uninstallEverything({ ...anywhere, env })).toMatchObject({
      runtimes: [],
      home: [],
    });
  });

  it('removes nothing while another process is at work', async () => {
    const { anywhere, options, dir } = await installed();
    const hold = holdPath(options.home, '0.116.0', 'x86_64-unknown-linux-musl');
    const work = async () => {
      expect(await failure(uninstallEverything(anywhere))).toMatchObject({ code: 'STORE_BUSY' });
      await access(dir);
    };
    await workOnce({ path: hold, work, onWait: () => undefined, signal: undefined });
  });

  it('is a flag of the command that goes with no other choice', async () => {
    const { options, prefix } = await installed();
    const around = { dir: options.cwd, env: { CODEX_RUNTIME_HOME: options.home } };
    const preview = await runCli(['uninstall', '--everything', '--dry-run'], around);
    expect(preview).toMatchObject({ status: 0, stderr: '' });
    expect(preview.stdout).toContain(`${prefix} (codex-cli-bin)\n`);
    const refused = await runCli(['uninstall', '--everything', '--prefix', 'p', '--json'], around);
    expect(document(refused)).toMatchObject({ code: 'USAGE' });
    const gone = await runCli(['uninstall', '--everything', '--json'], around);
    expect(document(gone)).toMatchObject({ dryRun: false, prefixes: [{ prefix }] });
  });
});
