import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BUNDLED_TEMPLATES,
  type PackagePlan,
  planPackage,
} from '../../../src/package/stage/index.ts';
import { parseDescription } from '../../../src/store/index.ts';
import { TARGETS } from '../../../src/target/index.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

function contentOf(plan: PackagePlan, path: string): string {
  const file = plan.files.find((each) => each.path === path);
  if (file === undefined || !('content' in file)) throw new Error(`no content planned at ${path}`);
  return file.content.toString('utf8');
}

const planMiniature = async (ecosystem: 'node' | 'python', version?: string, target?: string) =>
  planPackage({
    runtime: await miniatureRuntime(await tempDir(), {
      ...(version === undefined ? {} : { version }),
      ...(target === undefined ? {} : { target }),
    }),
    ecosystem,
  });

/** A copy of the bundled templates that a test may spoil. */
async function templatesCopy(): Promise<string> {
  const dir = await tempDir();
  await cp(BUNDLED_TEMPLATES, dir, { recursive: true });
  return dir;
}

async function planWith(templatesDir: string, ecosystem: 'node' | 'python' = 'node') {
  return planPackage({ runtime: await miniatureRuntime(await tempDir()), ecosystem, templatesDir });
}

describe('planPackage for npm', () => {
  it('holds the template, the runtime tree and runtime.json, and nothing else', async () => {
    const plan = await planMiniature('node');
    expect(plan.files.map(({ path }) => path)).toEqual([
      'LICENSE',
      'README.md',
      'bin/codex',
      'codex-path/rg',
      'index.d.ts',
      'index.js',
      'package.json',
      'runtime.json',
    ]);
    expect(plan).toMatchObject({
      ecosystem: 'node',
      name: 'codex-cli-bin',
      version: '0.115.0',
      target: 'x86_64-unknown-linux-musl',
      executable: 'bin/codex',
    });
  });

  it.each(TARGETS)('points bin straight at the executable for $triple', async (target) => {
    const plan = await planMiniature('node', '0.115.0', target.triple);
    const manifest = JSON.parse(contentOf(plan, 'package.json'));
    expect(manifest.bin).toEqual({ codex: `bin/codex${target.exeSuffix}` });
    expect(manifest.os).toEqual([target.os]);
    expect(manifest.cpu).toEqual([target.cpu]);
    expect(manifest).not.toHaveProperty('scripts');
  });

  it('carries runtime.json without the origin, so that every channel gives the same bytes', async () => {
    const runtime = await miniatureRuntime(await tempDir());
    const plan = await planPackage({ runtime, ecosystem: 'node' });
    const { origin, ...description } = runtime.manifest;
    expect(origin.channel).toBe('npm');
    expect(parseDescription(contentOf(plan, 'runtime.json'))).toMatchObject(description);
    expect(contentOf(plan, 'runtime.json')).not.toContain('origin');
  });

  it.each([
    ['node', '', ['LICENSE', 'README.md', 'index.d.ts', 'index.js', 'package.json']],
    ['python', 'codex_cli_bin/', ['__init__.py', '__main__.py', 'py.typed']],
  ] as const)('says in the runtime.json for %s what its own files are', async (...expected) => {
    const [ecosystem, folder, names] = expected;
    const plan = await planMiniature(ecosystem);
    const described = parseDescription(contentOf(plan, `${folder}runtime.json`));
    expect(described?.packageFiles).toEqual(
      names.map((path) => {
        const content = Buffer.from(contentOf(plan, `${folder}${path}`));
        const sha256 = createHash('sha256').update(content).digest('hex');
        return { path, size: content.length, mode: 0o644, sha256 };
      }),
    );
  });

  it('takes modes from the runtime for its files and 0644 for the template', async () => {
    const plan = await planMiniature('node');
    const modes = Object.fromEntries(plan.files.map(({ path, mode }) => [path, mode]));
    expect(modes).toMatchObject({ 'bin/codex': 0o755, 'index.js': 0o644, 'runtime.json': 0o644 });
  });

  it('takes another name, scoped ones too', async () => {
    const runtime = await miniatureRuntime(await tempDir());
    const plan = await planPackage({ runtime, ecosystem: 'node', name: '@example/codex' });
    expect(JSON.parse(contentOf(plan, 'package.json')).name).toBe('@example/codex');
  });

  it.each(['', 'Codex', '../x', 'a b', '--tag', '@x', 'a..b', 'x'.repeat(215)])(
    'refuses the name %j',
    async (name) => {
      const runtime = await miniatureRuntime(await tempDir());
      await expect(planPackage({ runtime, ecosystem: 'node', name })).rejects.toMatchObject({
        code: 'USAGE',
        exitStatus: 2,
      });
    },
  );
});

describe('planPackage for Python', () => {
  it('spells version and paths as wheels do', async () => {
    const plan = await planMiniature('python', '0.116.0-alpha.11');
    expect(plan.files.map(({ path }) => path)).toEqual([
      'codex_cli_bin-0.116.0a11.data/scripts/codex',
      'codex_cli_bin-0.116.0a11.dist-info/METADATA',
      'codex_cli_bin-0.116.0a11.dist-info/licenses/LICENSE',
      'codex_cli_bin/__init__.py',
      'codex_cli_bin/__main__.py',
      'codex_cli_bin/bin/codex',
      'codex_cli_bin/codex-path/rg',
      'codex_cli_bin/py.typed',
      'codex_cli_bin/runtime.json',
    ]);
    expect(plan).toMatchObject({
      name: 'codex_cli_bin',
      version: '0.116.0a11',
      executable: 'codex_cli_bin/bin/codex',
    });
    const metadata = contentOf(plan, 'codex_cli_bin-0.116.0a11.dist-info/METADATA');
    expect(metadata).toContain('\nName: codex-cli-bin\nVersion: 0.116.0a11\n');
  });

  it('puts a script on PATH, and for Windows an entry point', async () => {
    const commands = async (plan: Promise<PackagePlan>) =>
      (await plan).files
        .filter(({ path }) => /scripts|entry_points/.test(path))
        .map(({ path, mode }) => [path.replace(/^[^/]+\./, ''), mode]);
    const unix = planMiniature('python', '0.115.0', 'darwin-arm64');
    expect(await commands(unix)).toEqual([['data/scripts/codex', 0o755]]);
    const windows = planMiniature('python', '0.115.0', 'win32-x64');
    expect(await commands(windows)).toEqual([['dist-info/entry_points.txt', 0o644]]);
    // Templates without a script keep their entry point everywhere.
    const templates = await templatesCopy();
    await rm(join(templates, 'python/scripts'), { recursive: true });
    const own = planWith(templates, 'python');
    expect(await commands(own)).toEqual([['dist-info/entry_points.txt', 0o644]]);
  });

  it('refuses a version that PEP 440 cannot write', async () => {
    await expect(planMiniature('python', '0.116.0-alpha.6.1')).rejects.toMatchObject({
      code: 'PIN_INVALID',
      fields: { version: '0.116.0-alpha.6.1' },
    });
  });
});

describe('a runtime of a future release', () => {
  it('is taken with the directories that it brings', async () => {
    const files = { 'codex-plugins/a.json': '{}' };
    const runtime = await miniatureRuntime(await tempDir(), { files });
    const plan = await planPackage({ runtime, ecosystem: 'node' });
    expect(plan.files.map(({ path }) => path)).toContain('codex-plugins/a.json');
  });
});

describe('templates', () => {
  it.each([
    ['node', 'node-platform/package.json.template'],
    ['node', 'node-platform/index.js'],
    ['python', 'python/dist-info/METADATA'],
    ['python', 'python/package/__init__.py'],
  ] as const)('for %s are refused without %s', async (ecosystem, file) => {
    const dir = await templatesCopy();
    await rm(join(dir, file));
    await expect(planWith(dir, ecosystem)).rejects.toMatchObject({
      code: 'TEMPLATE_INVALID',
      fields: { file: file.split('/').slice(1).join('/').replace('.template', '') },
    });
  });

  it('are refused when their folder is missing', async () => {
    await expect(planWith(await tempDir())).rejects.toMatchObject({ code: 'TEMPLATE_INVALID' });
  });

  it.each(['{{nmae}}', '{{ name }}', '{{name', '{{constructor}}'])(
    'are refused with the placeholder %s',
    async (text) => {
      const dir = await templatesCopy();
      await writeFile(join(dir, 'node-platform/README.md'), text);
      await expect(planWith(dir)).rejects.toMatchObject({ code: 'TEMPLATE_INVALID' });
    },
  );

  it('are refused with a symbolic link', async () => {
    const dir = await templatesCopy();
    await symlink('/etc/passwd', join(dir, 'node-platform/extra'));
    await expect(planWith(dir)).rejects.toMatchObject({ fields: { file: 'extra' } });
  });

  it('are refused with a name that Windows cannot write', async () => {
    const dir = await templatesCopy();
    await writeFile(join(dir, 'node-platform/a:b'), '');
    await expect(planWith(dir)).rejects.toMatchObject({ code: 'TEMPLATE_INVALID' });
  });

  it('are refused with a file that the runtime brings, in any case', async () => {
    const dir = await templatesCopy();
    await writeFile(join(dir, 'node-platform/RUNTIME.json'), '{}');
    await expect(planWith(dir)).rejects.toMatchObject({ fields: { file: 'RUNTIME.json' } });
  });

  it.each([
    ['scripts', { scripts: { postinstall: 'true' } }],
    ['a missing file', { main: './gone.js' }],
    ['a fixed version', { version: '1.0.0' }],
    ['a files list that drops the executable', { files: ['index.js'] }],
  ])('are refused when package.json has %s', async (_, change) => {
    const dir = await templatesCopy();
    const path = join(dir, 'node-platform/package.json.template');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...manifest, ...change }));
    await expect(planWith(dir)).rejects.toMatchObject({ code: 'TEMPLATE_INVALID' });
  });

  it('may bring files that are not text, unchanged', async () => {
    const dir = await templatesCopy();
    const image = Buffer.from([0x89, 0x50, 0xff, 0x7b, 0x7b]);
    await writeFile(join(dir, 'python/package/logo.png'), image);
    const plan = await planWith(dir, 'python');
    const file = plan.files.find(({ path }) => path === 'codex_cli_bin/logo.png');
    expect(file).toMatchObject({ content: image });
  });
});

describe('a template', () => {
  it.each([
    ['x.txt', 'x.txt.template'],
    ['x.txt', 'X.txt'],
    ['package.json', 'package.json.template'],
  ])('with %s and %s for one file of the package is refused, with both names', async (...names) => {
    const dir = await templatesCopy();
    for (const name of names) {
      const path = join(dir, 'node-platform', name);
      await writeFile(path, await readFile(path).catch(() => 'text'));
    }
    await expect(planWith(dir)).rejects.toMatchObject({
      code: 'TEMPLATE_INVALID',
      fields: { sources: expect.arrayContaining([...names]) },
    });
  });

  it('with two files for one place of a Python package is refused', async () => {
    const dir = await templatesCopy();
    await mkdir(join(dir, 'python/codex_cli_bin'));
    await writeFile(join(dir, 'python/codex_cli_bin/py.typed'), '');
    await expect(planWith(dir, 'python')).rejects.toMatchObject({ code: 'TEMPLATE_INVALID' });
  });

  it('is packed without what npm never packs', async () => {
    const dir = await templatesCopy();
    const before = (await planWith(dir)).files.map(({ path }) => path);
    const root = join(dir, 'node-platform');
    for (const folder of ['.git/refs', 'node_modules/x', '__pycache__', 'docs/.svn']) {
      await mkdir(join(root, folder), { recursive: true });
      await writeFile(join(root, folder, 'file'), '{{unknown}}');
    }
    for (const name of ['.npmrc', '.npmignore', '.npmrc.template', '.DS_Store', 'docs/.DS_Store']) {
      await writeFile(join(root, name), '{{unknown}}');
    }
    for (const name of ['._README.md', '.README.md.swp', 'README.md.orig', 'package-lock.json']) {
      await writeFile(join(root, name), '{{unknown}}');
    }
    await symlink('nowhere', join(root, '.git/link'), 'junction');
    expect((await planWith(dir)).files.map(({ path }) => path)).toEqual(before);
  });
});
