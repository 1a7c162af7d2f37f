import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import { sbomFile } from '../../../src/package/pack/sbom.ts';
import type { RuntimeDescription } from '../../../src/store/index.ts';
import { miniatureRuntimes, packMiniatures } from '../../support/packed-release.ts';

const RUNTIME: RuntimeDescription = {
  schemaVersion: 1,
  version: '1.2.3-alpha.1',
  target: 'x86_64-unknown-linux-musl',
  variant: 'package',
  entrypoint: 'bin/codex',
  files: [{ path: 'bin/codex', size: 5, mode: 0o755, sha256: 'a'.repeat(64) }],
};

it.each([
  ['openai/codex', undefined],
  ['someone/fork', 'Someone/Fork'],
])('an SBOM says that a runtime is of %s', (owner, repo) => {
  const release = { name: 'codex-cli-bin', version: '1.2.3-alpha.1' };
  const sbom = JSON.parse(
    sbomFile(release, [{ runtime: { ...RUNTIME, repo }, components: [] }], []),
  );
  // purl has GitHub's names in lower case.
  expect(sbom.components[0].purl).toBe(`pkg:github/${owner}@rust-v1.2.3-alpha.1`);
});

describe("CycloneDX's own schema", () => {
  const { JsonStrictValidator } = Validation;
  const validator = new JsonStrictValidator(Spec.Version.v1dot6);

  it('accepts the SBOM of a release, with what its runtimes carry of others', async () => {
    const sources = [
      {
        name: 'glib',
        version: '2.88.3',
        role: 'native-library',
        url: 'https://x.example/g',
        sha256: 'a'.repeat(64),
      },
      { name: 'zlib', version: '1.3.2', role: 'native-library' },
      { name: 'unknown', version: '1', role: 'native-library' },
    ];
    const files = { 'codex-resources/voice/sources.json': JSON.stringify({ sources }) };
    const { out } = await packMiniatures({ runtimes: await miniatureRuntimes({ files }) });
    const text = await readFile(join(out, 'sbom.cdx.json'), 'utf8');
    expect(await validator.validate(text)).toBeNull();
    const { components, dependencies } = JSON.parse(text);
    const packed = components.filter(({ purl }: { purl: string }) => /^pkg:(npm|pypi)/.test(purl));
    const licensed = JSON.stringify(packed.map(({ licenses }: { licenses: unknown }) => licenses));
    expect(licensed.match(/LGPL-2.1-or-later/g)).toHaveLength(12);
    const refs = dependencies.map(({ ref }: { ref: string }) => ref);
    expect(new Set(refs).size).toBe(refs.length);
    expect(refs).toContain('runtime:x86_64-unknown-linux-musl/glib');
  });

  it('refuses what is not one', async () => {
    const { out } = await packMiniatures();
    const text = await readFile(join(out, 'sbom.cdx.json'), 'utf8');
    const wrong = text.replaceAll('"SHA-256"', '"SHA-257"');
    expect(await validator.validate(wrong)).not.toBeNull();
  });

  it('accepts the SBOM of codex-runtime itself', async () => {
    const own = new URL('../../../dist/sbom.cdx.json', import.meta.url);
    const text = await readFile(own, 'utf8');
    const version = JSON.parse(text).specVersion;
    expect(await new JsonStrictValidator(version).validate(text)).toBeNull();
  });
});
