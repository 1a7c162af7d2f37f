import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { Asset, AssetSource, Channel } from '../asset.ts';
import type { Candidate } from '../channels/index.ts';
import { movePath } from '../disk/until-unblocked.ts';
import { CodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import { receiveAsset } from '../fetch/index.ts';
import type { ExactRequest } from '../request/index.ts';
import { type LackingBundle, saveAttestations, saveBundle } from '../signature/index.ts';
import { workOnce } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import { findAssetFile } from './asset-file.ts';

/** An asset in the directory, verified. */
export interface DownloadedAsset {
  readonly target: Triple;
  /** File name, as the release spells it. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Name of the Sigstore bundle that lies beside it; null where the release has none. */
  readonly signature: string | null;
  /** The bundles that could not be had, and why; null where one lies there, or none exists for the target. */
  readonly unsigned: LackingBundle | null;
  /** Name of the file with GitHub's attestations beside it; null unless the lockfile says that it is attested. */
  readonly attestations: string | null;
  readonly channel: Channel;
  /** Bytes that came over the wire; 0 when the file was there. */
  readonly downloaded: number;
}

/**
 * Brings one asset into `dir`, and its signature where the release has one. What is there and right
 * stays, unless the request forces a download.
 * @throws CodexRuntimeError as downloading does; `SIGNATURE_MISSING` and `SIGNATURE_UNREACHABLE`
 * where the lockfile requires a signature. Native errors of the disk pass.
 */
export async function bringAsset(
  request: ExactRequest,
  candidate: Candidate,
  dir: string,
): Promise<DownloadedAsset> {
  const { name } = candidate.asset;
  return await workOnce({
    path: join(partialDir(dir), name),
    named: 'out',
    work: () => bringHeld(request, candidate, dir),
    onWait: tellWaiting(request.onProgress, `another process is fetching ${name}`),
    signal: request.signal,
  });
}

async function bringHeld(
  request: ExactRequest,
  { asset, channel }: Candidate,
  dir: string,
): Promise<DownloadedAsset> {
  const path = join(dir, asset.name);
  const described = { target: asset.target.triple, name: asset.name, path, channel };
  const present = request.force ? null : await findAssetFile(path, asset, request.signal);
  if (present !== null) {
    const signature = await bringSignature(request, { asset, delivered: null, dir });
    const attestations = await bringAttestations(request, asset, dir);
    return { ...described, ...present, ...signature, attestations, downloaded: 0 };
  }
  const { onProgress, signal, settings } = request;
  const { semver: version } = request.version;
  onProgress?.({ type: 'asset', channel, version, name: asset.name, size: asset.size });
  const { download } = await receiveAsset(
    {
      asset,
      channel,
      settings,
      partialDir: partialDir(dir),
      onProgress,
      signal,
    },
    // The bytes are wanted in the file alone.
    async ({ bytes }) => {
      for await (const _ of bytes);
    },
  );
  // Read back from the disk: what is listed is what lies there.
  const verified = await findAssetFile(download.path, asset, signal);
  if (verified === null) throw unreadable(path);
  await chmod(download.path, 0o644);
  await movePath(download.path, path);
  await download.discard();
  const signature = await bringSignature(request, {
    asset,
    delivered: download.outcome.source,
    dir,
  });
  const attestations = await bringAttestations(request, asset, dir);
  const { fetched: downloaded } = download.outcome;
  return { ...described, ...verified, ...signature, attestations, downloaded };
}

interface Brought {
  readonly asset: Asset;
  readonly delivered: AssetSource['kind'] | null;
  readonly dir: string;
}

/** Without it, a machine that has only this directory could not require a signature. */
async function bringSignature(
  { version, settings, lock, signal }: ExactRequest,
  { asset, delivered, dir }: Brought,
): Promise<Pick<DownloadedAsset, 'signature' | 'unsigned'>> {
  const { name, lacking } = await saveBundle(
    {
      version,
      target: asset.target,
      asset,
      delivered,
      settings,
      workDir: dir,
      signal,
    },
    { dir, required: lock?.signature === 'required' },
  );
  return { signature: name, unsigned: lacking };
}

/** Without them, a machine that has only this directory could not pin with the same proof. */
async function bringAttestations(
  { version, settings, lock, sources, signal }: ExactRequest,
  asset: Asset,
  dir: string,
): Promise<string | null> {
  const { target } = asset;
  const locked = lock?.targets[target.triple]?.assets.find(({ name }) => name === asset.name);
  const isAsked = sources.some(({ channel }) => channel === 'github' || channel === 'mirror');
  if (locked?.proof !== 'github-attestation' || !isAsked) return null;
  return await saveAttestations({ version, target, asset, settings, signal }, dir);
}

/** Where unfinished downloads lie: on the same file system, so that a rename finishes them. */
export function partialDir(dir: string): string {
  return join(dir, '.partial');
}

function unreadable(path: string): CodexRuntimeError {
  return new CodexRuntimeError('INSTALL_FAILED', `${path} is not on the disk as it was received.`, {
    hint: 'Check the disk, and run the command again.',
    fields: { path },
  });
}
