import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RuntimeFile } from '../../src/extract/index.ts';
import type { Runtime, RuntimeManifest } from '../../src/store/manifest.ts';
import { formatManifest } from '../../src/store/parse-manifest.ts';
import { parseTarget } from '../../src/target/index.ts';

export interface MiniatureRuntime {
  /** Semver. Default `0.115.0`. */
  readonly version?: string;
  /** Any spelling of a target. Default `linux-x64`. */
  readonly target?: string;
  /** More files, or other contents, by path. */
  readonly files?: Readonly<Record<string, Buffer | string>>;
}

/**
 * Writes a runtime of a few bytes in the form that the store keeps: the tree and `runtime.json`.
 * Its executable is a shell script that answers `--version` as Codex does.
 */
export async function miniatureRuntime(
  dir: string,
  {
    version = '0.115.0',
    target: targetName = 'linux-x64',
    files: more = {},
  }: MiniatureRuntime = {},
): Promise<Runtime> {
  const target = parseTarget(targetName);
  const entrypoint = `bin/codex${target.exeSuffix}`;
  const contents: Record<string, Buffer | string> = {
    [entrypoint]: `#!/bin/sh\nif [ "$1" = exit ]; then exit "$2"; fi\necho codex-cli ${version}\n`,
    [`codex-path/rg${target.exeSuffix}`]: `#!/bin/sh\necho ripgrep for ${target.triple}\n`,
    ...more,
  };
  const files: RuntimeFile[] = [];
  for (const [path, content] of Object.entries(contents).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const mode = path.endsWith('.json') ? 0o644 : 0o755;
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content, { mode });
    const bytes = Buffer.from(content);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.push({ path, size: bytes.length, mode, sha256 });
  }
  const manifest: RuntimeManifest = {
    schemaVersion: 1,
    version,
    target: target.triple,
    variant: 'package',
    entrypoint,
    files,
    origin: {
      channel: 'npm',
      asset: `codex-${version}-${target.npmTag}.tgz`,
      source: 'npm',
      size: 1,
      verified: [{ algorithm: 'sha512', hex: '00'.repeat(64), origin: 'npm' }],
      packageAvailable: true,
    },
  };
  await writeFile(join(dir, 'runtime.json'), formatManifest(manifest));
  return { dir, manifest };
}
