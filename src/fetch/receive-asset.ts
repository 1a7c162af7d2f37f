import { type ErrorCode, isCodexRuntimeError } from '../errors.ts';
import type { Download, DownloadRequest } from './download.ts';
import { isRestart } from './download-failure.ts';
import { type DownloadTuning, openDownload } from './open-download.ts';

/** Times that a download may start over before its verdict stands. */
const RESTARTS = 2;

/** Failures of the consumer that no other bytes would change. */
const NOT_THE_BYTES: readonly ErrorCode[] = [
  'ABORTED',
  'DISK_FULL',
  'PERMISSION_DENIED',
  'INSTALL_FAILED',
  'STORE_BUSY',
  'SIGNATURE_MISSING',
  'SIGNATURE_UNREACHABLE',
];

/**
 * Downloads an asset into `consume` and returns its result only after size and digests have
 * matched. It reads what `consume` leaves unread; when `consume` fails over the bytes (a broken
 * archive), it reads on to learn whether they were the right ones, because the digest's verdict
 * says more; and when the bytes are invalid, it calls `consume` again with a new download.
 *
 * @param consume Gets bytes in order from the first; whatever an earlier call left must not matter.
 * @throws CodexRuntimeError what {@link openDownload} and `consume` throw, except restarts.
 */
export async function receiveAsset<T>(
  request: DownloadRequest,
  consume: (download: Download) => Promise<T>,
  tuning: DownloadTuning = {},
): Promise<{ readonly result: T; readonly download: Download }> {
  for (let restarts = 0; ; restarts += 1) {
    // Parts that do not fit together are not fetched in parts again.
    const careful = restarts === 0 ? tuning : { ...tuning, lanes: 1 };
    const download = openDownload(request, careful);
    try {
      return { result: await consumeVerified(download, consume), download };
    } catch (error) {
      if (!isRestart(error)) throw error;
      if (restarts === RESTARTS) throw error.cause ?? error;
    }
  }
}

async function consumeVerified<T>(
  download: Download,
  consume: (download: Download) => Promise<T>,
): Promise<T> {
  const bytes = download.bytes[Symbol.asyncIterator]();
  let verdict: { readonly error: unknown } | undefined;
  const next = async (): Promise<IteratorResult<Buffer>> => {
    try {
      return await bytes.next();
    } catch (error) {
      verdict = { error };
      throw error;
    }
  };
  const drain = async () => {
    while ((await next()).done !== true);
  };
  // Without `return`: a consumer that stops early must not end the download before its verdict.
  const guarded: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => ({ next }) };
  try {
    const result = await consume({ ...download, bytes: guarded });
    await drain();
    return result;
  } catch (error) {
    if (verdict === undefined && !isNotTheBytes(error)) await drain();
    // A consumer may wrap what it was given; the download's own word counts.
    throw verdict === undefined ? error : verdict.error;
  } finally {
    await bytes.return?.();
  }
}

function isNotTheBytes(error: unknown): boolean {
  return isCodexRuntimeError(error, ...NOT_THE_BYTES);
}
