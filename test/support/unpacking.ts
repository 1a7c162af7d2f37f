import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ExtractedFiles,
  type ExtractRequest,
  extractRuntime,
} from '../../src/extract/index.ts';
import type { ArchiveFormat, Layout } from '../../src/resolve/asset.ts';
import { parseTarget } from '../../src/target/index.ts';
import { type Canary, canaryTree } from './canary-tree.ts';

/** What an archive pretends to be. */
export interface Pretence {
  readonly format?: ArchiveFormat;
  readonly layout?: Layout;
  readonly target?: string;
  /** Default the name that a release has for this format, layout and target. */
  readonly name?: string;
}

/** A directory to unpack into, between files that must stay as they are. */
export interface Bench extends AsyncDisposable {
  readonly destination: string;
  readonly canary: Canary;
  /** Empties the destination and makes a request for `archive`. */
  request(archive: Buffer, pretence?: Pretence, chunkBytes?: number): Promise<ExtractRequest>;
  /** Unpacks; the tree, or the error that it ended with. */
  unpack(archive: Buffer, pretence?: Pretence): Promise<ExtractedFiles>;
  /** Files of this bench that the process still holds open; always empty where /proc is missing. */
  openFiles(): Promise<readonly string[]>;
}

export async function openBench(): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), 'codex-extract-'));
  const around = join(root, 'around');
  await mkdir(around);
  const canary = await canaryTree(around);
  const destination = canary.hollow;
  const path = join(root, 'archive');
  const bench: Bench = {
    destination,
    canary,
    async request(archive, pretence = {}, chunkBytes = 64 * 1024) {
      for (const name of await readdir(destination)) {
        await rm(join(destination, name), { recursive: true });
      }
      await writeFile(path, archive);
      return { asset: assetOf(pretence), bytes: chunksOf(archive, chunkBytes), path, destination };
    },
    async unpack(archive, pretence) {
      return await extractRuntime(await bench.request(archive, pretence));
    },
    async openFiles() {
      const fds = await readdir('/proc/self/fd').catch(() => []);
      const paths = await Promise.all(
        fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
      );
      return paths.filter((open) => open.startsWith(root));
    },
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true });
    },
  };
  return bench;
}

export function assetOf(pretence: Pretence): ExtractRequest['asset'] {
  const target = parseTarget(pretence.target ?? 'linux-x64');
  const format = pretence.format ?? 'tar.gz';
  const layout = pretence.layout ?? 'tree';
  const stem = layout === 'tree' ? `codex-package-${target.triple}` : `codex-${target.triple}`;
  const suffix = layout === 'bare' ? target.exeSuffix : '';
  return { name: pretence.name ?? `${stem}${suffix}.${format}`, format, layout, target };
}

export async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
