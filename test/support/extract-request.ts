import type { ArchiveFormat, Layout } from '../../src/asset.ts';
import type { ExtractRequest } from '../../src/extract/index.ts';
import { parseTarget } from '../../src/target/index.ts';

/** What an archive pretends to be. */
export interface Pretence {
  readonly format?: ArchiveFormat;
  readonly layout?: Layout;
  readonly target?: string;
  /** Default the name that a release has for this format, layout and target. */
  readonly name?: string;
}

/** An asset for `pretence`; by default a tar.gz of the runtime tree for linux-x64. */
export function assetOf(pretence: Pretence): ExtractRequest['asset'] {
  const target = parseTarget(pretence.target ?? 'linux-x64');
  const format = pretence.format ?? 'tar.gz';
  const layout = pretence.layout ?? 'tree';
  const stem = layout === 'tree' ? `codex-package-${target.triple}` : `codex-${target.triple}`;
  const suffix = layout === 'bare' ? target.exeSuffix : '';
  return { name: pretence.name ?? `${stem}${suffix}.${format}`, format, layout, target };
}

/** `bytes` in pieces of `size`, as a network might deliver them. */
export async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
