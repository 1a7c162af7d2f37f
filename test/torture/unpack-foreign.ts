import { gunzipSync, gzipSync } from 'node:zlib';
import type { ArchiveFormat, Layout } from '../../src/asset.ts';
import { openBench } from '../support/unpacking.ts';
import { graftTar } from './graft-tar.ts';
import { graftZip } from './graft-zip.ts';
import { type Verdict, verdictOn } from './verdict.ts';

/** What became of one foreign archive. */
export interface ForeignOutcome {
  readonly format: ArchiveFormat;
  /** As it is, once in each layout. */
  readonly asIs: readonly ForeignVerdict[];
  /** As a part of a runtime tree; undefined where it cannot be made one. */
  readonly grafted?: ForeignVerdict;
  readonly slowestMs: number;
  /** Peak resident memory of this process before anything was grafted. */
  readonly rssMiB: number;
}

/** The reason of a refusal, the paths that were taken, or what must not happen. */
export type ForeignVerdict =
  | { readonly reason: string }
  | { readonly taken: readonly string[] }
  | { readonly fault: string };

const LAYOUTS: readonly Layout[] = ['tree', 'bare', 'npm'];
const GRAFT_BYTES = 64 * 1024 * 1024;

/** Unpacks `bytes` in every layout as a release's asset, and grafted into a runtime tree. */
export async function unpackForeign(bytes: Buffer): Promise<ForeignOutcome> {
  await using bench = await openBench();
  const format = formatOf(bytes);
  let slowestMs = 0;
  async function attempt(archive: Buffer, layout: Layout): Promise<ForeignVerdict> {
    const verdict = await verdictOn(archive, { format, layout }, bench);
    slowestMs = Math.max(slowestMs, verdict.ms);
    const harm = [...(await bench.canary.changes()), ...(await bench.openFiles())];
    return harm.length > 0 ? { fault: `changed or left open: ${harm.join(' ')}` } : told(verdict);
  }
  const archive = isBareTar(bytes) ? gzipSync(bytes, { level: 1 }) : bytes;
  const asIs: ForeignVerdict[] = [];
  for (const layout of LAYOUTS) asIs.push(await attempt(archive, layout));
  const rssMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const graft = graftOf(archive, format);
  const grafted = graft && (await attempt(graft, 'tree'));
  return { format, asIs, ...(grafted && { grafted }), slowestMs, rssMiB };
}

function told(verdict: Verdict): ForeignVerdict {
  if ('taken' in verdict) return { taken: verdict.taken.map(({ path }) => path) };
  return 'reason' in verdict ? { reason: verdict.reason } : { fault: verdict.fault };
}

/** By content: names of foreign files are no guide. What is neither zip nor compressed passes for a tar. */
function formatOf(bytes: Buffer): ArchiveFormat {
  if (startsWith(bytes, 0x28, 0xb5, 0x2f, 0xfd)) return 'tar.zst';
  const isZip = startsWith(bytes, 0x50, 0x4b) || bytes.includes('PK\x05\x06', -65_557, 'latin1');
  return isZip && !startsWith(bytes, 0x1f, 0x8b) && !isUstar(bytes) ? 'zip' : 'tar.gz';
}

function isBareTar(bytes: Buffer): boolean {
  return formatOf(bytes) === 'tar.gz' && !startsWith(bytes, 0x1f, 0x8b);
}

function isUstar(bytes: Buffer): boolean {
  return bytes.toString('latin1', 257, 262) === 'ustar';
}

function startsWith(bytes: Buffer, ...magic: number[]): boolean {
  return bytes.subarray(0, magic.length).equals(Buffer.from(magic));
}

function graftOf(archive: Buffer, format: ArchiveFormat): Buffer | undefined {
  if (format === 'zip') return graftZip(archive);
  if (format !== 'tar.gz') return undefined;
  try {
    const tar = gunzipSync(archive, { maxOutputLength: GRAFT_BYTES });
    return gzipSync(graftTar(tar), { level: 1 });
  } catch {
    return undefined; // damaged or too large: refused as it is
  }
}
