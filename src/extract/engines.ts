import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { CodexRuntimeError } from '../errors.ts';

/**
 * Big buffers: each one costs a round trip between the thread pool and the event loop. Bigger ones
 * save nothing more, as a piece of input fills no more than this, and stay with the allocator.
 */
const CHUNK_BYTES = 512 * 1024;
/** zlib takes no smaller ones. */
const LEAST_CHUNK_BYTES = 64;
const BUFFERS = { chunkSize: CHUNK_BYTES };
/** 128 MiB, zstd's own default cap for a decoder; a hostile frame may ask for gigabytes. */
const ZSTD_WINDOW_LOG_MAX = 27;

/** A stream of node:zlib: `bytesWritten` counts the input that it has really used. */
export type InflateEngine = Transform & { readonly bytesWritten: number };

/** zstd came to node:zlib with 22.15 and 23.8; the types here are those of the oldest supported Node. */
type ZstdZlib = typeof zlib & {
  readonly createZstdDecompress?: (options: object) => InflateEngine;
  readonly constants: { readonly ZSTD_d_windowLogMax?: number };
};

export function openGunzip(): InflateEngine {
  return zlib.createGunzip(BUFFERS);
}

/**
 * Deflate without a header, as in gzips and zips.
 * @param bytes What it will become, where that is known: a zip may have thousands of small members,
 * and a big buffer for each costs more than inflating it. Default: much.
 */
export function openInflateRaw(bytes = CHUNK_BYTES): InflateEngine {
  const chunkSize = Math.min(CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, bytes));
  return zlib.createInflateRaw({ chunkSize });
}

/** @throws CodexRuntimeError `UNSUPPORTED_PLATFORM` where Node has no zstd */
export function openUnzstd(asset: string): InflateEngine {
  const { createZstdDecompress, constants }: ZstdZlib = zlib;
  const windowLogMax = constants.ZSTD_d_windowLogMax;
  if (createZstdDecompress === undefined || windowLogMax === undefined) {
    throw new CodexRuntimeError(
      'UNSUPPORTED_PLATFORM',
      `Node ${process.versions.node} cannot read ${asset}: zstd needs Node 22.15, 23.8 or newer.`,
      { hint: 'Use a newer Node, or take the .tar.gz of this release.', fields: { asset } },
    );
  }
  return createZstdDecompress({
    ...BUFFERS,
    params: { [windowLogMax]: ZSTD_WINDOW_LOG_MAX },
  });
}
