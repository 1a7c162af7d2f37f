import { buffer } from 'node:stream/consumers';
import zlib from 'node:zlib';
import { Header } from 'tar';
import yazl from 'yazl';

/** A file for an archive; a path that ends in `/` is a directory. */
export interface ArchiveFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

const BLOCK = 512;
const EPOCH = new Date(0);

/** A tar of `files`, in order, with nothing but what they say. */
export function buildTar(files: readonly ArchiveFile[]): Buffer {
  const blocks = files.flatMap(({ path, content, mode }) => {
    const header = new Header({
      path,
      mode,
      size: content.length,
      type: path.endsWith('/') ? 'Directory' : 'File',
      mtime: EPOCH,
      uid: 0,
      gid: 0,
    });
    const block = Buffer.alloc(BLOCK);
    header.encode(block);
    return [block, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

export function buildTarGz(files: readonly ArchiveFile[]): Buffer {
  return zlib.gzipSync(buildTar(files), { level: 6 });
}

export async function buildZip(files: readonly ArchiveFile[]): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const { path, content, mode } of files) {
    zip.addBuffer(content, path, { mode: 0o100000 | mode, mtime: EPOCH });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** Whether this Node can make zstd frames (22.15 and newer). */
export const canZstd = 'zstdCompressSync' in zlib;

/** One zstd frame; call it only where {@link canZstd}. */
export function buildZstd(content: Buffer): Buffer {
  const { zstdCompressSync } = zlib as unknown as { zstdCompressSync(input: Buffer): Buffer };
  return zstdCompressSync(content);
}
