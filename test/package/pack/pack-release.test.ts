import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { list, type ReadEntry } from 'tar';
import { describe, expect, it } from 'vitest';
import { packRelease } from '../../../src/package/pack/index.ts';
import { isReferenceZlib } from '../../../src/package/pack/reference-zlib.ts';
import { BUNDLED_TEMPLATES } from '../../../src/package/stage/index.ts';
import { TARGETS } from '../../../src/target/index.ts';
import { failure } from '../../support/failure.ts';
import { PATIENT } from '../../support/held.ts';
import { miniatureRuntimes, packMiniatures } from '../../support/packed-release.ts';
import { tempDir } from '../../support/temp-dir.ts';

const ALL_FILES = [
  'SHA256SUMS',
  'codex',
  'codex-cli-bin-0.115.0.tgz',
  'codex-cli-bin-darwin-arm64-0.115.0.tgz',
  'codex-cli-bin-darwin-x64-0.115.0.tgz',
  'codex-cli-bin-linux-arm64-0.115.0.tgz',
  'codex-cli-bin-linux-x64-0.115.0.tgz',
  'codex-cli-bin-win32-arm64-0.115.0.tgz',
  'codex-cli-bin-win32-x64-0.115.0.tgz',
  'codex_cli_bin-0.115.0-py3-none-macosx_10_12_x86_64.whl',
  'codex_cli_bin-0.115.0-py3-none-macosx_11_0_arm64.whl',
  'codex_cli_bin-0.115.0-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
  'codex_cli_bin-0.115.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl',
  'codex_cli_bin-0.115.0-py3-none-win_amd64.whl',
  'codex_cli_bin-0.115.0-py3-none-win_arm64.whl',
  'manifest.json',
  'requirements.txt',
  'sbom.cdx.json',
];

/** Every file of a directory and its digest. */
async function digests(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).sort();
  const pairs = names.map(async (name) => {
    const bytes = await readFile(join(dir, name));
    return [name, createHash('sha256').update(bytes).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

describe('packRelease', () => {
  it('makes seven tarballs, six wheels and their companions', async () => {
    const { out, files } = await packMiniatures();
    expect((await readdir(out)).sort()).toEqual(ALL_FILES);
    expect(files).toHaveLength(13);
  });

  it('gives the same bytes whatever the parallelism, umask, time zone and place', async () => {
    const content = Buffer.alloc(3_000_000, 'a compressible line\n');
    const runtimes = await miniatureRuntimes({ files: { 'bin/codex-code-mode-host': content } });
    const first = await packMiniatures({ runtimes, parallelism: 1 });
    const umask = process.umask(0o077);
    const zone = process.env['TZ'];
    process.env['TZ'] = 'Pacific/Kiritimati';
    try {
      const moved = await tempDir();
      const elsewhere = await Promise.all(
        [...runtimes].reverse().map(async ({ dir, manifest }) => {
          const copy = join(moved, manifest.target);
          await cp(dir, copy, { recursive: true });
          return { dir: copy, manifest };
        }),
      );
      const second = await packMiniatures({ runtimes: elsewhere, parallelism: 14 });
      expect(await digests(second.out)).toEqual(await digests(first.out));
    } finally {
      process.umask(umask);
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it('knows that this Node compresses as the reference does', async () => {
    expect(await isReferenceZlib()).toBe(true);
  });

  it('tells how many bytes are packed, up to all of them', async () => {
    const runtimes = await miniatureRuntimes();
    const told: { readonly done: number; readonly total: number }[] = [];
    await packMiniatures({
      runtimes,
      onProgress: (event) => {
        if (event.type === 'working') told.push(event);
      },
    });
    const sizes = runtimes.flatMap(({ manifest }) => manifest.files.map(({ size }) => size));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(told.length).toBeGreaterThan(6);
    expect(told.at(-1)).toEqual({ type: 'working', what: 'Packing', done: total, total });
    expect(told.map(({ done }) => done)).toEqual(
      [...told].map(({ done }) => done).sort((a, b) => a - b),
    );
  });

  it('lists in SHA256SUMS and manifest.json what is there', async () => {
    const { out, version, name } = await packMiniatures();
    const actual = await digests(out);
    const sums = (await readFile(join(out, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
    const packages = ALL_FILES.filter((file) => /\.(tgz|whl)$/.test(file));
    expect(sums).toEqual(packages.map((file) => `${actual[file]}  ${file}`));
    const manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ schemaVersion: 1, name, version });
    for (const file of manifest.files) expect(file.sha256).toBe(actual[file.path]);
    expect(manifest.runtimes[3]).toMatchObject({
      target: 'x86_64-unknown-linux-musl',
      origin: { channel: 'npm', asset: 'codex-0.115.0-linux-x64.tgz' },
    });
  });

  it.each(TARGETS)('writes the tarball of $triple as npm does', async ({ npmTag, exeSuffix }) => {
    const { out } = await packMiniatures({ ecosystems: ['node'] });
    const entries: ReadEntry[] = [];
    await list({
      file: join(out, `codex-cli-bin-${npmTag}-0.115.0.tgz`),
      onReadEntry: (entry) => {
        entries.push(entry);
      },
    });
    expect(entries.map(({ path, mode }) => [path, mode])).toEqual([
      ['package/package.json', 0o644],
      ['package/LICENSE', 0o644],
      ['package/README.md', 0o644],
      ['package/index.d.ts', 0o644],
      ['package/index.js', 0o644],
      ['package/runtime.json', 0o644],
      [`package/bin/codex${exeSuffix}`, 0o755],
      [`package/codex-path/rg${exeSuffix}`, 0o755],
    ]);
    const times = new Set(entries.map(({ mtime }) => mtime?.toISOString()));
    expect([...times]).toEqual(['1985-10-26T08:15:00.000Z']);
    expect(entries.every(({ uid, gid }) => uid === 0 && gid === 0)).toBe(true);
  });

  it('keeps paths that a tar header cannot hold', async () => {
    const long = `codex-resources/${'d'.repeat(120)}/${'f'.repeat(160)}.json`;
    const [runtime] = await miniatureRuntimes({ files: { [long]: '{}' } });
    if (runtime === undefined) throw new Error('no runtime');
    const { out } = await packMiniatures({ runtimes: [runtime], ecosystems: ['node'] });
    const paths: string[] = [];
    await list({
      file: join(out, 'codex-cli-bin-darwin-arm64-0.115.0.tgz'),
      onReadEntry: ({ path }) => {
        paths.push(path);
      },
    });
    expect(paths).toContain(`package/${long}`);
  });

  it('depends in the root package on exactly the packed targets', async () => {
    const runtimes = (await miniatureRuntimes()).filter(({ manifest }) =>
      manifest.target.includes('linux'),
    );
    const { out } = await packMiniatures({ runtimes, ecosystems: ['node'] });
    let text = '';
    await list({
      file: join(out, 'codex-cli-bin-0.115.0.tgz'),
      onReadEntry: (entry) => {
        if (entry.path === 'package/package.json') {
          entry.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
        }
      },
    });
    expect(JSON.parse(text).optionalDependencies).toEqual({
      'codex-cli-bin-linux-arm64': '0.115.0',
      'codex-cli-bin-linux-x64': '0.115.0',
    });
  });

  it('refuses to put a password into every package', async () => {
    const repository = 'https://me:canary@example.com/owner/codex';
    const error = await failure(packMiniatures({ repository }));
    expect(error.code).toBe('USAGE');
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  it('names packages after a scope', async () => {
    const { files } = await packMiniatures({ name: '@example/codex' });
    const linux = files.filter(({ target }) => target === 'x86_64-unknown-linux-musl');
    expect(linux.map(({ path, package: { name } }) => [path, name])).toEqual([
      ['example-codex-linux-x64-0.115.0.tgz', '@example/codex-linux-x64'],
      [
        'example_codex-0.115.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl',
        'example_codex',
      ],
    ]);
  });

  it('writes no DotSlash file where nobody can tell where the archives will be', async () => {
    const { out } = await packMiniatures({ downloadUrl: () => null });
    expect(await readdir(out)).not.toContain('codex');
  });

  it('writes a DotSlash file with the digest of each platform', async () => {
    const { out, files } = await packMiniatures();
    const text = await readFile(join(out, 'codex'), 'utf8');
    expect(text.startsWith('#!/usr/bin/env dotslash\n')).toBe(true);
    const { platforms } = JSON.parse(text.slice(text.indexOf('{')));
    expect(Object.keys(platforms).sort()).toEqual([
      'linux-aarch64',
      'linux-x86_64',
      'macos-aarch64',
      'macos-x86_64',
      'windows-aarch64',
      'windows-x86_64',
    ]);
    const packed = files.find(({ path }) => path === 'codex-cli-bin-win32-x64-0.115.0.tgz');
    expect(platforms['windows-x86_64']).toEqual({
      size: packed?.size,
      hash: 'sha256',
      digest: packed?.sha256,
      format: 'tar.gz',
      path: 'package/bin/codex.exe',
      providers: [{ url: 'https://downloads.example/codex-cli-bin-win32-x64-0.115.0.tgz' }],
    });
  });

  it('writes an SBOM that names every package and file, and no time', async () => {
    const { out } = await packMiniatures();
    const sbom = JSON.parse(await readFile(join(out, 'sbom.cdx.json'), 'utf8'));
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect(sbom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab]/);
    expect(sbom.components).toHaveLength(19);
    expect(sbom.metadata).not.toHaveProperty('timestamp');
    interface Component {
      readonly 'bom-ref': string;
      readonly components?: readonly Component[];
    }
    const refsOf = (each: Component): readonly string[] => [
      each['bom-ref'],
      ...(each.components ?? []).flatMap(refsOf),
    ];
    const refs = new Set(sbom.components.flatMap(refsOf));
    refs.add(sbom.metadata.component['bom-ref']);
    for (const { ref, dependsOn } of sbom.dependencies) {
      expect(refs).toContain(ref);
      for (const dependency of dependsOn) expect(refs).toContain(dependency);
    }
  });
});

describe('packRelease refuses', () => {
  it('an output directory that holds other files, and leaves them', async () => {
    const out = await tempDir();
    await writeFile(join(out, 'thesis.txt'), 'mine');
    await expect(packMiniatures({ out })).rejects.toMatchObject({
      code: 'PREFIX_INVALID',
      fields: { file: 'thesis.txt' },
    });
    expect(await readdir(out)).toEqual(['thesis.txt']);
  });

  it('an earlier pack with another file in it', async () => {
    const { out } = await packMiniatures();
    await writeFile(join(out, 'notes.md'), 'mine');
    await expect(packMiniatures({ out })).rejects.toMatchObject({ fields: { file: 'notes.md' } });
  });

  it('an output path that is a file', async () => {
    const out = join(await tempDir(), 'dist');
    await writeFile(out, '');
    await expect(packMiniatures({ out })).rejects.toMatchObject({ code: 'PREFIX_INVALID' });
  });

  it('runtimes of two versions, two of one target, and none', async () => {
    const [one] = await miniatureRuntimes();
    const [, other] = await miniatureRuntimes({ version: '0.116.0' });
    if (one === undefined || other === undefined) throw new Error('no runtimes');
    for (const runtimes of [[one, other], [one, one], []]) {
      await expect(packMiniatures({ runtimes })).rejects.toMatchObject({ code: 'USAGE' });
    }
  });

  it('a version without a PEP 440 form when wheels are wanted', async () => {
    const version = '0.116.0-alpha.6.1';
    await expect(packMiniatures({ version })).rejects.toMatchObject({ code: 'PIN_INVALID' });
    const { files } = await packMiniatures({ version, ecosystems: ['node'] });
    expect(files).toHaveLength(7);
  });

  it.each([
    ['changed', 'other bytes'],
    ['cut short', '#!'],
  ])('a stored file that is %s, and leaves nothing', async (_, content) => {
    const runtimes = await miniatureRuntimes();
    await writeFile(join(runtimes[2]?.dir ?? '', 'bin/codex'), content);
    const out = join(await tempDir(), 'dist');
    await expect(packMiniatures({ runtimes, out })).rejects.toMatchObject({ code: 'DAMAGED' });
    expect(await readdir(dirname(out))).toEqual([]);
  });

  it('a stored file that is gone, and leaves the earlier pack as it was', async () => {
    const { out } = await packMiniatures();
    const before = await digests(out);
    const runtimes = await miniatureRuntimes({ version: '0.116.0' });
    await rm(join(runtimes[5]?.dir ?? '', 'codex-path/rg.exe'));
    await expect(packMiniatures({ runtimes, out })).rejects.toMatchObject({
      code: 'INSTALL_FAILED',
    });
    expect(await digests(out)).toEqual(before);
    expect(await readdir(dirname(out))).toEqual(['dist']);
  });

  it('to go on when aborted, without residue', async () => {
    const out = join(await tempDir(), 'dist');
    const signal = AbortSignal.abort();
    await expect(packMiniatures({ out, signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await readdir(dirname(out))).toEqual([]);
  });

  it('a template with an unknown placeholder before anything is written', async () => {
    const templatesDir = await tempDir();
    await cp(BUNDLED_TEMPLATES, templatesDir, { recursive: true });
    await writeFile(join(templatesDir, 'node-root/README.md'), '{{unknown}}');
    const out = join(await tempDir(), 'dist');
    await expect(packMiniatures({ out, templatesDir })).rejects.toMatchObject({
      code: 'TEMPLATE_INVALID',
    });
    expect(await readdir(dirname(out))).toEqual([]);
  });
});

it('an earlier pack is replaced whole', async () => {
  const { out } = await packMiniatures();
  const runtimes = await miniatureRuntimes({ version: '0.116.0' });
  await packRelease({
    runtimes,
    ecosystems: ['node'],
    out,
    downloadUrl: ({ path }) => path,
    ...PATIENT,
  });
  const names = await readdir(out);
  expect(names.every((name) => !name.includes('0.115.0'))).toBe(true);
  expect(await readdir(dirname(out))).toEqual(['dist']);
});
