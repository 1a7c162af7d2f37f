import { join } from 'node:path';
import { type PackedRelease, type PackRequest, packRelease } from '../../src/package/pack/index.ts';
import type { Runtime } from '../../src/store/manifest.ts';
import { TARGETS } from '../../src/target/index.ts';
import { PATIENT } from './held.ts';
import { type MiniatureRuntime, miniatureRuntime } from './miniature-runtime.ts';
import { tempDir } from './temp-dir.ts';

/** Miniature runtimes of one version for all six targets. */
export async function miniatureRuntimes(
  options: Omit<MiniatureRuntime, 'target'> = {},
): Promise<readonly Runtime[]> {
  const dir = await tempDir();
  return Promise.all(
    TARGETS.map(({ triple }) =>
      miniatureRuntime(join(dir, triple), { ...options, target: triple }),
    ),
  );
}

/** Packs six miniature runtimes into a new directory. */
export async function packMiniatures(
  options: Partial<PackRequest> & { readonly version?: string } = {},
): Promise<PackedRelease & { readonly out: string }> {
  const { version, ...request } = options;
  const out = request.out ?? join(await tempDir(), 'dist');
  const runtimes =
    request.runtimes ?? (await miniatureRuntimes(version === undefined ? {} : { version }));
  const release = await packRelease({
    ...PATIENT,
    ecosystems: ['node', 'python'],
    downloadUrl: ({ path }) => `https://downloads.example/${path}`,
    ...request,
    runtimes,
    out,
  });
  return { ...release, out };
}
