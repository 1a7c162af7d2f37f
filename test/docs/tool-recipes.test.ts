import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { list } from 'tar';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { TARGETS } from '../../src/target/index.ts';
import { miseProgram } from '../support/managers.ts';
import { packMiniatures } from '../support/packed-release.ts';
import { packTwo, publishTo } from '../support/publishing.ts';
import { tempDir } from '../support/temp-dir.ts';
import { npmUser, startRegistry } from '../support/verdaccio.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

async function blocks(recipe: string, language: string): Promise<string[]> {
  const text = await readFile(join(ROOT, 'docs/recipes', recipe), 'utf8');
  const found = text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'));
  return [...found].map(([, block = '']) => block);
}

/** A registry with what `publish` puts out. */
async function published() {
  const packed = await packTwo('codex-cli-bin');
  const registry = await startRegistry();
  onTestFinished(() => registry.close());
  await publishTo(registry.url, packed);
  return { files: packed.files, url: registry.url };
}

type Published = Awaited<ReturnType<typeof published>>;

/** A directory with this mise.toml, and mise there: nothing of this machine's own settings. */
async function withMise(toml: string, registry: Published) {
  const dir = await tempDir();
  await writeFile(join(dir, 'mise.toml'), toml);
  const env = {
    ...(await npmUser(dir, registry.url)),
    PATH: process.env['PATH'] ?? '',
    MISE_TRUSTED_CONFIG_PATHS: dir,
    MISE_YES: '1',
  };
  const program = await miseProgram();
  return (...args: string[]) => run(program, args, { cwd: dir, env });
}

/** The recipe's block with the packages of this test. */
function here(block: string, { url, files }: Published): string {
  return block
    .replaceAll('0.171.0', '0.115.0')
    .replaceAll('https://registry.example.com/', url)
    .replaceAll(
      /(codex-cli-bin-[\w-]+-0\.115\.0\.tgz)(".*?sha256:)0{64}/g,
      (_all, name, between) => {
        const file = files.find(({ path }) => path === name);
        return `${name}${between}${file?.sha256}`;
      },
    );
}

describe('mise.md', () => {
  it('installs by npm', async () => {
    const registry = await published();
    const [toml = ''] = await blocks('mise.md', 'toml');
    const mise = await withMise(here(toml, registry), registry);
    await mise('install');
    expect((await mise('exec', '--', 'codex', '--version')).stdout).toBe('codex-cli 0.115.0\n');
  });

  it('installs by address and checksum, and refuses other bytes', async () => {
    const registry = await published();
    const [, toml = ''] = await blocks('mise.md', 'toml');
    const mise = await withMise(here(toml, registry), registry);
    await mise('install');
    expect((await mise('exec', '--', 'codex', '--version')).stdout).toBe('codex-cli 0.115.0\n');
    const other = await withMise(
      here(toml, registry).replaceAll(/sha256:\w+/g, `sha256:${'0'.repeat(64)}`),
      registry,
    );
    await expect(other('install')).rejects.toMatchObject({
      stderr: expect.stringMatching(/checksum/i),
    });
  });
});

describe('aqua.md', () => {
  it('names the tarballs that pack makes, and the executable inside', async () => {
    const { out } = await packMiniatures({ ecosystems: ['node'] });
    const [yaml = '', settings = ''] = await blocks('aqua.md', 'yaml');
    const [{ url, replacements, files, supported_envs: systems }] = parse(yaml).packages;
    const goNames = { darwin: 'darwin', linux: 'linux', win32: 'windows' } as const;
    for (const { os, cpu, exeSuffix } of TARGETS) {
      const goos = goNames[os];
      const goarch = cpu === 'x64' ? 'amd64' : 'arm64';
      expect(systems).toContain(goos);
      const address: string = url
        .replaceAll('{{.OS}}', replacements[goos] ?? goos)
        .replaceAll('{{.Arch}}', replacements[goarch] ?? goarch)
        .replaceAll('{{.Version}}', '0.115.0');
      const name = address.split('/').at(-1) ?? '';
      const file = join(out, name);
      expect(address).toBe(
        `https://registry.example.com/${name.replace('-0.115.0.tgz', '')}/-/${name}`,
      );
      const inside: string[] = [];
      await list({ file, onReadEntry: ({ path }) => void inside.push(path) });
      // aqua adds the suffix on Windows by itself.
      expect(inside).toContain(`${files[0].src}${exeSuffix}`);
    }
    const [{ name, registry: source }] = parse(settings).packages;
    expect(name).toBe(`${parse(yaml).packages[0].name}@0.171.0`);
    expect(parse(settings).registries[0]).toMatchObject({ name: source, path: 'registry.yaml' });
  });
});
