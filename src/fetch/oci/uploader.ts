import { createReadStream } from 'node:fs';
import { isCodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import {
  type Content,
  type HttpResponse,
  RETRY_POLICY,
  readText,
  unavailable,
  withRetries,
} from '../http/index.ts';
import type { Descriptor } from './descriptor.ts';
import type { OciRegistry } from './registry.ts';

/** The writes to one repository, each of which leaves alone what is there. */
export interface Uploader {
  hasBlob(digest: string, signal?: AbortSignal): Promise<boolean>;
  /** @param onBytes told of what was sent, negative where it is sent again */
  putBlob(blob: FileBlob, onBytes: (bytes: number) => void, signal?: AbortSignal): Promise<void>;
  /**
   * @param name a tag, or the digest
   * @returns whether the registry itself keeps lists of what is attached to its images
   */
  putManifest(name: string, blob: ManifestBlob, signal?: AbortSignal): Promise<boolean>;
}

export interface FileBlob {
  readonly descriptor: Descriptor;
  /** Absolute. */
  readonly path: string;
}

export interface ManifestBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

const CHUNK_BYTES = 2 ** 20;

/**
 * Registries forget an upload that was cut, or a part of it, in ways of their own: so a blob is sent in
 * one request, what counts is whether it is there afterwards, and what is not there is sent anew.
 * All methods throw CodexRuntimeError `SOURCE_UNAVAILABLE`, `ABORTED`, and the disk's own failures.
 */
export function createUploader(registry: OciRegistry, onProgress?: OnProgress): Uploader {
  const trying = <T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    withRetries(work, { policy: RETRY_POLICY, onProgress, signal });

  const hasBlob = async (digest: string, signal: AbortSignal | undefined): Promise<boolean> => {
    const url = registry.url(`blobs/${digest}`);
    const answer = await registry.open(url, { method: 'HEAD', takes: [404], signal });
    await readText(answer, signal);
    return answer.status !== 404;
  };

  /** Undefined where the registry found the blob in another repository. */
  const begin = async (digest: string, signal: AbortSignal | undefined) => {
    const uploads = registry.url('blobs/uploads/');
    const empty = { method: 'POST', content: contentOf(Buffer.alloc(0)), signal };
    const takes = [400, 404, 405];
    let answer = await registry.open(`${uploads}?mount=${digest}`, { ...empty, takes });
    await readText(answer, signal);
    // What does not know this kind of question is asked for a plain upload.
    if (answer.status >= 400) {
      answer = await registry.open(uploads, empty);
      await readText(answer, signal);
    }
    return answer.status === 201 ? undefined : locationOf(answer);
  };

  return {
    hasBlob: (digest, signal) => trying(() => hasBlob(digest, signal), signal),
    putBlob: (blob, onBytes, signal) =>
      trying(async () => {
        const { digest, size } = blob.descriptor;
        const upload = await begin(digest, signal);
        if (upload === undefined) return;
        upload.searchParams.set('digest', digest);
        let sent = 0;
        try {
          const answer = await registry.open(upload.href, {
            method: 'PUT',
            headers: { 'content-type': 'application/octet-stream' },
            content: {
              size,
              async *open() {
                for await (const chunk of createReadStream(blob.path, {
                  highWaterMark: CHUNK_BYTES,
                })) {
                  yield chunk;
                  sent += chunk.length;
                  onBytes(chunk.length);
                }
              },
            },
            signal,
          });
          await readText(answer, signal);
        } catch (error) {
          if (!isCodexRuntimeError(error, 'SOURCE_UNAVAILABLE')) throw error;
          // The answer alone may be lost.
          if (await hasBlob(digest, signal).catch(() => false)) return;
          onBytes(-sent);
          throw error;
        }
      }, signal),
    putManifest: (name, { descriptor, bytes }, signal) =>
      trying(async () => {
        const answer = await registry.open(registry.url(`manifests/${name}`), {
          method: 'PUT',
          headers: { 'content-type': descriptor.mediaType },
          content: contentOf(bytes),
          signal,
        });
        await readText(answer, signal);
        return answer.headers['oci-subject'] !== undefined;
      }, signal),
  };
}

function contentOf(bytes: Buffer): Content {
  return {
    size: bytes.length,
    async *open() {
      if (bytes.length > 0) yield bytes;
    },
  };
}

/** Where the bytes go: an address that the registry makes for this upload alone. */
function locationOf({ headers, url }: HttpResponse): URL {
  const { location } = headers;
  if (location !== undefined && URL.canParse(location, url.href)) return new URL(location, url);
  throw unavailable(`${url.host} began an upload without a location for it.`, {
    reason: 'refused',
    url,
  });
}
