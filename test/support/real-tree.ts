import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { RuntimeFile } from '../../src/extract/index.ts';
import type { Runtime } from '../../src/store/manifest.ts';
import { realRuntime } from './real-runtime.ts';

/** The real runtime of this machine's kind, as the store describes it. */
export async function storedRealRuntime(version: string): Promise<Runtime> {
  const dir = await realRuntime(version);
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
  const files: RuntimeFile[] = [];
  for (const path of paths) {
    const bytes = await readFile(join(dir, path));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.push({ path, size: bytes.length, mode: path.endsWith('.json') ? 0o644 : 0o755, sha256 });
  }
  return {
    dir,
    manifest: {
      schemaVersion: 1,
      version,
      target: 'x86_64-unknown-linux-musl',
      variant: 'package',
      entrypoint: 'bin/codex',
      files,
      origin: {
        channel: 'npm',
        asset: `codex-npm-linux-x64-${version}.tgz`,
        source: 'npm',
        size: 0,
        verified: [],
        packageAvailable: true,
      },
    },
  };
}
