import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  bundledComponents,
  licenseExpression,
  planPackage,
} from '../../../src/package/stage/index.ts';
import { miniatureRuntime } from '../../support/miniature-runtime.ts';
import { realRuntime } from '../../support/real-runtime.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SHA256 = 'a'.repeat(64);
const URL = 'https://example.com/glib.tar.xz';

const withSources = async (text: string) =>
  miniatureRuntime(await tempDir(), {
    files: {
      'codex-resources/voice/sources.json': text,
      'codex-resources/voice/lib/libglib-2.0.so.0': 'x',
    },
  });

describe('bundledComponents', () => {
  it('are what voice/sources.json lists, without what it was built with', async () => {
    const sources = [
      { name: 'meson', version: '1.12.0', role: 'build-tool', url: URL, sha256: SHA256 },
      { name: 'glib', version: '2.88.3', role: 'native-library', url: URL, sha256: SHA256 },
      { name: 'new-one', version: '1', role: 'native-library', url: 'no url', sha256: 'x' },
    ];
    const runtime = await withSources(JSON.stringify({ schema_version: 1, sources }));
    const components = await bundledComponents(runtime);
    expect(components).toEqual([
      {
        name: 'glib',
        version: '2.88.3',
        license: 'LGPL-2.1-or-later',
        source: { url: URL, sha256: SHA256 },
      },
      { name: 'new-one', version: '1', license: 'LicenseRef-new-one', source: null },
      { name: 'ripgrep', version: null, license: 'MIT OR Unlicense', source: null },
    ]);
    const expression =
      'Apache-2.0 AND LGPL-2.1-or-later AND LicenseRef-new-one AND (MIT OR Unlicense)';
    expect(licenseExpression(components)).toBe(expression);
    for (const [ecosystem, file, line] of [
      ['node', 'package.json', `"license": "${expression}"`],
      ['python', 'METADATA', `License-Expression: ${expression}`],
    ] as const) {
      const { files } = await planPackage({ runtime, ecosystem });
      const found = files.find(({ path }) => path.endsWith(file));
      expect(found !== undefined && 'content' in found && String(found.content)).toContain(line);
    }
  });

  it.each(['', '{', '[]', '{"sources":[{"name":"../x","role":"native-library"}]}'])(
    'claim no licence for libraries that are not listed: %j',
    async (text) => {
      const components = await bundledComponents(await withSources(text));
      expect(components.map(({ license }) => license)).toContain('LicenseRef-codex-voice');
    },
  );

  it('are known by name and licence in a real runtime', async () => {
    const dir = await realRuntime('0.169.0');
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
      .map((path) => ({ path, size: 0, mode: 0o644, sha256: SHA256 }));
    const { manifest } = await miniatureRuntime(await tempDir());
    const components = await bundledComponents({ dir, manifest: { ...manifest, files } });
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['bubblewrap', 'glib', 'gstreamer', 'ripgrep']));
    expect(components.filter(({ license }) => license.startsWith('LicenseRef-'))).toEqual([]);
    expect(components.filter(({ source }) => source !== null).length).toBeGreaterThan(7);
  });
});
