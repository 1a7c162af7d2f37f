import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ExtractedFiles,
  type ExtractRequest,
  extractRuntime,
} from '../../src/extract/index.ts';
import { type Canary, canaryTree } from './canary-tree.ts';
import { assetOf, chunksOf, type Pretence } from './extract-request.ts';

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
