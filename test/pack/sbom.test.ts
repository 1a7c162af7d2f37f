import { expect, it } from 'vitest';
import { sbomFile } from '../../src/pack/sbom.ts';
import type { RuntimeDescription } from '../../src/store/index.ts';

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
  const sbom = JSON.parse(sbomFile(release, [{ ...RUNTIME, repo }], []));
  // purl has GitHub's names in lower case.
  expect(sbom.components[0].purl).toBe(`pkg:github/${owner}@rust-v1.2.3-alpha.1`);
});
