import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = 60_000;
/** In bytes. */
const PACKED_LIMIT = 1_400_000;
const UNPACKED_LIMIT = 7_000_000;

/** What a user gets: the packed tarball of this project, installed by npm into a new project. */
describe('the packed tarball', () => {
  let dir: string;
  let env: NodeJS.ProcessEnv;
  let packed: { filename: string; size: number; unpackedSize: number };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codex-runtime-packed-'));
    env = { ...process.env, CODEX_RUNTIME_HOME: join(dir, 'home'), NO_COLOR: '1' };
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', dir], {
      cwd: ROOT,
      env: { ...env, npm_config_ignore_scripts: 'true' },
    });
    [packed] = JSON.parse(stdout) as [typeof packed];
    await mkdir(join(dir, 'project'));
    await writeFile(join(dir, 'project', 'package.json'), '{"private":true,"type":"module"}');
    const args = ['install', '--ignore-scripts', '--no-audit', join(dir, packed.filename)];
    await run('npm', args, { cwd: join(dir, 'project'), env });
  }, 3 * MINUTES);

  afterAll(() => rm(dir, { recursive: true, force: true }));

  const inProject = (file: string, args: readonly string[]) =>
    run(file, args, { cwd: join(dir, 'project'), env });

  it(
    'installs the real 0.115.0 from the default channels, and it answers',
    async () => {
      const args = ['--no-install', 'codex-runtime', 'install', '0.115.0', '--prefix', 'demo'];
      const { stdout } = await inProject('npx', args);
      const executable = join(dir, 'project/demo/node_modules/codex-cli-bin/bin/codex');
      expect(stdout).toBe(`${executable}\n`);
      expect((await run(executable, ['--version'])).stdout).toBe('codex-cli 0.115.0\n');
      const npx = await run('npx', ['--no-install', 'codex', '--version'], {
        cwd: join(dir, 'project/demo'),
      });
      expect(npx.stdout).toBe('codex-cli 0.115.0\n');
    },
    2 * MINUTES,
  );

  it('is one package, and small', async () => {
    const modules = await readdir(join(dir, 'project/node_modules'));
    expect(modules.filter((name) => !name.startsWith('.'))).toEqual(['codex-runtime']);
    expect(packed.size).toBeLessThanOrEqual(PACKED_LIMIT);
    expect(packed.unpackedSize).toBeLessThanOrEqual(UNPACKED_LIMIT);
  });

  it('gives programs its library', async () => {
    const program = [
      "import { ensureRuntime, installRuntime, isCodexRuntimeError, resolveRuntime } from 'codex-runtime';",
      "import { Codex } from 'codex-runtime/app-server';",
      "const installed = await installRuntime({ version: '0.115.0', prefix: 'other', offline: true });",
      "const { executable, pathDir } = await ensureRuntime({ version: '0.115.0', offline: true });",
      'const refused = await resolveRuntime({ version: "no version" }).catch((error) => isCodexRuntimeError(error, "PIN_INVALID"));',
      'console.log(JSON.stringify([installed.source, executable.length > 0, pathDir !== null, refused, typeof Codex.start]));',
    ];
    const { stdout } = await inProject(process.execPath, [
      '--input-type=module',
      '--eval',
      program.join('\n'),
    ]);
    expect(JSON.parse(stdout)).toEqual(['store', true, true, true, 'function']);
    const required = "console.log(typeof require('codex-runtime').installRuntime)";
    expect((await inProject(process.execPath, ['-e', required])).stdout).toBe('function\n');
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['node16', 'node16'],
    ['preserve', 'bundler'],
  ])('types it for module %s, for import and for require()', async (module, moduleResolution) => {
    const program = `
      import { type InstallResult, installRuntime, type ProgressEvent } from 'codex-runtime';
      import { Codex, type protocol } from 'codex-runtime/app-server';
      export const installed: Promise<InstallResult> = installRuntime({ version: '0.115.0' });
      export const started: Promise<Codex> = Codex.start();
      export type Shown = [ProgressEvent['type'], protocol.ClientInfo];
      // @ts-expect-error: it is not any
      installRuntime({ version: 1 });
    `;
    const project = join(dir, 'project');
    const config = {
      compilerOptions: {
        ...{ module, moduleResolution },
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        strict: true,
        noEmit: true,
        // As for every program on Node; a project of its own would have it installed.
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files: ['program.mts', 'program.cts'],
    };
    for (const file of config.files) await writeFile(join(project, file), program);
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
    await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project]).catch(({ stdout }) => {
      throw new Error(stdout);
    });
  });

  it('holds what it needs and nothing of the workshop', async () => {
    const files = await readdir(join(dir, 'project/node_modules/codex-runtime'));
    expect(files).toEqual(
      expect.arrayContaining(['bin', 'dist', 'templates', 'LICENSE', 'THIRD_PARTY_NOTICES']),
    );
    const schema = 'codex-runtime/codex-runtime.lock.schema.json';
    const print = `console.log(require('${schema}').title)`;
    expect((await inProject(process.execPath, ['-e', print])).stdout).toMatch(/lock/);
    for (const workshop of ['src', 'test', 'bench', '.ci', '.github']) {
      expect(files).not.toContain(workshop);
    }
  });
});
