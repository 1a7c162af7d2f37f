import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodexRuntimeError } from '../../src/errors.ts';
import { type ExtractedFiles, extractRuntime } from '../../src/extract/index.ts';
import type { Pretence } from '../support/extract-request.ts';
import type { Bench } from '../support/unpacking.ts';

/** How the extraction of untrusted bytes ended; a fault is what must not happen. */
export type Verdict =
  | { readonly taken: ExtractedFiles }
  | { readonly reason: string }
  | { readonly fault: string };

/** A verdict and how long it took. */
export type TimedVerdict = Verdict & { readonly ms: number };

/** Extraction that takes longer than this, time after time, is too slow. */
export const PATIENCE_MS = 5_000;
/** Other work on this machine may hold up one run or two; what is slow by itself is slow always. */
const TRIES = 3;
/** Extraction that takes longer than this hangs. */
const HANGS_MS = 60_000;
const CHUNK_BYTES = 1_000;

/**
 * Unpacks `bytes`: they must be refused with `ARCHIVE_REFUSED`, or become exactly the files that
 * extraction reports, in some time. A Node without zstd may say so.
 */
export async function verdictOn(
  bytes: Buffer,
  pretence: Pretence,
  bench: Bench,
): Promise<TimedVerdict> {
  for (let tries = 1; ; tries++) {
    const started = performance.now();
    const request = await bench.request(bytes, pretence, CHUNK_BYTES);
    const outcome = await outcomeOf(extractRuntime(request));
    const ms = performance.now() - started;
    if (outcome === 'hangs') return { fault: `no answer in ${HANGS_MS} ms`, ms };
    if (ms > PATIENCE_MS && tries < TRIES) continue;
    if ('error' in outcome) return { ...verdictOnError(outcome.error, pretence), ms };
    const fault = await differenceOnDisk(bench.destination, outcome.files);
    return fault === undefined ? { taken: outcome.files, ms } : { fault, ms };
  }
}

function verdictOnError(error: unknown, { format }: Pretence): Verdict {
  if (isCodexRuntimeError(error, 'ARCHIVE_REFUSED')) {
    return { reason: String(error.fields['reason']) };
  }
  const isZstd = format === 'zst' || format === 'tar.zst';
  if (isZstd && isCodexRuntimeError(error, 'UNSUPPORTED_PLATFORM')) return { reason: error.code };
  return { fault: String(error) };
}

async function outcomeOf(
  extraction: Promise<ExtractedFiles>,
): Promise<'hangs' | { files: ExtractedFiles } | { error: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise<'hangs'>((resolve) => {
    timer = setTimeout(resolve, HANGS_MS, 'hangs');
  });
  const ended = extraction.then(
    (files) => ({ files }),
    (error: unknown) => ({ error }),
  );
  return await Promise.race([ended, hanging]).finally(() => clearTimeout(timer));
}

async function differenceOnDisk(
  destination: string,
  files: ExtractedFiles,
): Promise<string | undefined> {
  const reported = new Map(files.map((file) => [file.path, file]));
  for (const entry of await readdir(destination, { recursive: true, withFileTypes: true })) {
    const absolute = join(entry.parentPath, entry.name);
    const path = absolute.slice(destination.length + 1);
    const { mode } = await lstat(absolute);
    if (entry.isDirectory()) {
      if ((mode & 0o7777) !== 0o755) return `${path} has mode ${mode.toString(8)}`;
      continue;
    }
    const file = reported.get(path);
    reported.delete(path);
    if (!entry.isFile() || file === undefined) return `${path} was not reported`;
    if ((mode & 0o7777) !== file.mode) return `${path} has mode ${mode.toString(8)}`;
    const sha256 = createHash('sha256')
      .update(await readFile(absolute))
      .digest('hex');
    if (sha256 !== file.sha256) return `${path} has other bytes`;
  }
  const [lost] = reported.keys();
  return lost === undefined ? undefined : `${lost} is missing`;
}
