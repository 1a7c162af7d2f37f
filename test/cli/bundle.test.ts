import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { importChunks, loadLate } from '../../scripts/load-late.ts';
import { partName, startEntry } from '../../scripts/start-entry.ts';
import { START_MODULES } from '../../scripts/start-modules.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DAMAGED =
  /^error: This installation of codex-runtime is damaged \(.+\): install it again\.\n$/;

/** The published files in a directory of their own, above which no package can be found. */
async function installation(): Promise<string> {
  const dir = await tempDir();
  for (const name of ['bin', 'dist', 'package.json', 'templates']) {
    await cp(join(ROOT, name), join(dir, name), { recursive: true });
  }
  return dir;
}

async function node(dir: string, args: readonly string[]) {
  const env = { HOME: dir, PATH: '/usr/bin:/bin', CODEX_RUNTIME_HOME: join(dir, 'home') };
  return promisify(execFile)(process.execPath, args, { cwd: dir, env })
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch(({ code, stdout, stderr }) => ({ code, stdout, stderr }));
}

function command(dir: string, args: readonly string[]) {
  return node(dir, [join(dir, 'bin/codex-runtime.js'), ...args]);
}

/** What esbuild's chunks are called that hold something of `name`. */
async function chunkOf(dir: string, name: string): Promise<string> {
  const files = await readdir(join(dir, 'dist/chunks'));
  const found = files.find((file) => file.startsWith(`${name}-`));
  if (found === undefined) throw new Error(`No chunk of ${name}`);
  return join(dir, 'dist/chunks', found);
}

describe('the bundle', () => {
  it('runs without node_modules', async () => {
    const dir = await installation();
    expect(await command(dir, ['list'])).toMatchObject({ code: 0 });
    expect(await command(dir, ['completion', 'bash'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('gives CommonJS and ES modules the names that its types promise', async () => {
    const dir = await installation();
    const names = 'Object.keys(library).filter((name) => !/^(default|module.exports)$/.test(name))';
    const print = `console.log(${names}.sort().join())`;
    for (const path of ['dist/index.js', 'dist/app-server/index.js']) {
      const required = await node(dir, ['-e', `const library = require('./${path}'); ${print}`]);
      const esModule = `import * as library from '${join(dir, path)}'; ${print}`;
      const imported = await node(dir, ['--input-type=module', '-e', esModule]);
      expect(required.stdout).toMatch(/\w,\w/);
      expect(imported.stdout).toBe(required.stdout);
    }
  });

  it('imports an ES module by its path, where its own import() is a require()', async () => {
    const dir = await installation();
    const installed = join(dir, 'project/node_modules/codex-cli-bin');
    await mkdir(installed, { recursive: true });
    await writeFile(join(installed, 'package.json'), '{"type":"module","main":"index.js"}');
    // With a top-level await no version of Node takes it by require.
    await writeFile(
      join(installed, 'index.js'),
      "await null; export const codexPath = () => '/a';",
    );
    const program = `require('./dist/app-server/index.js')
      .Codex.start({ cwd: '${join(dir, 'project')}' }).catch(({ message }) => console.log(message))`;
    expect((await node(dir, ['-e', program])).stdout).toBe('/a is not an executable file.\n');
  });

  it('shows an error that a program did not catch by its name, with little of our code', async () => {
    const dir = await installation();
    const programs = {
      CodexRuntimeError: `import { installRuntime } from '${join(dir, 'dist/index.js')}';
        await installRuntime({ version: 'nonsense' });`,
      AppServerError: `import { Codex } from '${join(dir, 'dist/app-server/index.js')}';
        await Codex.start();`,
    };
    for (const [name, program] of Object.entries(programs)) {
      const { code, stderr } = await node(dir, ['--input-type=module', '-e', program]);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^${name}: `, 'm'));
      expect(stderr).not.toMatch(/\b_[A-Z]/);
      expect(stderr.length).toBeLessThan(5000);
    }
  });

  it.each([
    'chunks/start.js',
    'chunks/stored.js',
    'chunks/rest.js',
    'code-mode/host.js',
    'code-mode/worker.js',
  ])('has no line in %s that fills a screen', async (file) => {
    const lines = (await readFile(join(ROOT, 'dist', file), 'utf8')).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(1000);
  });

  it.each([
    ['is cut off', (text: string) => text.slice(0, text.length / 2)],
    ['is cut off after a statement', (text: string) => text.slice(0, text.indexOf(';') + 1)],
    [
      'is of another build',
      (text: string) => text.replaceAll(/(?<=["'`])[0-9a-f]{16}(?=["'`])/g, 'another'),
    ],
    ['is empty', () => ''],
    ['is missing', () => undefined],
  ])('says in one sentence that a file %s', async (_, change) => {
    const dir = await installation();
    const cases: readonly [string, readonly string[]][] = [
      [join(dir, 'dist/chunks/start.js'), ['install', '1.2.3']],
      [join(dir, 'dist/chunks/rest.js'), ['completion', 'bash']],
      [await chunkOf(dir, 'definitions'), ['resolve', '1.2.3', '--source=npm']],
    ];
    for (const [file, args] of cases) {
      const text = await readFile(file, 'utf8');
      const changed = change(text);
      if (changed === undefined) await rm(file);
      else await writeFile(file, changed);
      const run = await command(dir, args);
      expect(run.stderr, file).toMatch(DAMAGED);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      await writeFile(file, text);
    }
  });

  it('says so with --json too', async () => {
    const dir = await installation();
    await rm(join(dir, 'dist/chunks/rest.js'));
    const { stdout, stderr } = await command(dir, ['list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'UNEXPECTED' });
    expect(stderr).toBe('');
  });
});

describe('the command on an old Node', () => {
  it('says which Node it needs, in one sentence', async () => {
    const dir = await installation();
    const old = "Object.defineProperty(process.versions, 'node', { value: '20.18.3' });";
    await writeFile(join(dir, 'old.cjs'), old);
    const run = await node(dir, ['-r', './old.cjs', 'bin/codex-runtime.js', 'list']);
    const sentence = 'error: codex-runtime needs Node 20.19 or newer; this is 20.18.3.\n';
    expect(run).toEqual({ code: 7, stdout: '', stderr: sentence });
  });

  it('is written in JavaScript that such a Node can read', async () => {
    const text = await readFile(join(ROOT, 'bin/codex-runtime.js'), 'utf8');
    const [lowered, same] = await Promise.all(
      (['es2015', 'esnext'] as const).map((target) => transform(text, { target })),
    );
    expect(lowered?.code).toBe(same?.code);
  });
});

describe('start.js', () => {
  it('has modules that export nothing that changes, as the others take it once', async () => {
    for (const module of START_MODULES) {
      const text = await readFile(join(ROOT, module), 'utf8');
      expect(text, module).not.toMatch(/^export let |^export \{/m);
    }
  });

  it('gives the names that others import, and a module whole where they do', () => {
    const [first = '', second = ''] = START_MODULES;
    const [part, whole] = [partName(first), partName(second)];
    const entry = startEntry([
      `import {\n  a,\n  b as c\n} from "./${part}.js"; import("./${whole}.js")`,
    ]);
    expect(entry).toContain(`'${part}': (module) => { module.exports = { a: m0.a,b: m0.b }; },`);
    expect(entry).toContain(`'${whole}': (module) => { module.exports = { ...m1 }; },`);
    expect(entry).toContain("'cli.main': (module) =>");
  });
});

describe('loadLate', () => {
  it('loads what is imported when it is first used, and a chunk by its name', () => {
    const code = [
      'var import_node_fs = require("node:fs");',
      'var import_chunk_A = __toESM(require("./chunk-A.js"));',
      'require("../chunks/order-B.js");',
      'const made = () => new import_chunk_A.Made((0, import_node_fs.readFileSync)("import_node_os"));',
    ].join('\n');
    expect(loadLate(code).split('\n')).toEqual([
      'const $0 = loadOnce(() => require("node:fs"));',
      "const $1 = loadOnce(() => __toESM(loadChunk('chunk-A')));",
      '',
      'const made = () => new ($1()).Made((0, ($0()).readFileSync)("import_node_os"));',
    ]);
  });

  it('leaves an import() of what is computed to Node', () => {
    const code = 'import("./chunks/a-B.js"); import(url.href); import("node:fs");';
    expect(importChunks(code)).toBe('importChunk(\'a-B\'); import(url.href); import("node:fs");');
  });

  it('loads an entry of the library, which is no chunk, as the file that it is', () => {
    expect(importChunks('import("../app-server/index.js")')).toBe(
      "Promise.resolve().then(() => require('../app-server/index.js'))",
    );
  });
});
