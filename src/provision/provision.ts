import { type CandidateRequest, tryCandidates } from '../channels/index.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import { partialId, removeLeftParts } from '../fetch/index.ts';
import type { ExactRequest } from '../request/index.ts';
import {
  clearDeadHold,
  commitRuntime,
  findStored,
  type Hold,
  holdPath,
  homeLayout,
  mayComeBack,
  noteUse,
  notStored,
  type Runtime,
  type RuntimeManifest,
  restoreReplaced,
  verifyStore,
  verifyVisible,
  workOnce,
} from '../store/index.ts';
import { check } from './check.ts';
import { fetchAndUnpack, type Unpacked } from './fetch-and-unpack.ts';

export interface Provisioned {
  readonly runtime: Runtime;
  /** The source that delivered, or `store` when nothing was fetched. */
  readonly source: string;
  /** Bytes that came over the wire in this call. */
  readonly downloaded: number;
}

/**
 * Brings a runtime into the store: find, hold, candidates, fetch, unpack, check, commit. What the
 * store has whole is taken as it is, without a request; of many callers at once one downloads and the
 * others take its result.
 *
 * @param copies Directories that are to get a copy of the tree which shares no blocks with the store:
 * their disks need the space as well.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND`, `ASSET_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`,
 * `DIGEST_MISMATCH`, `DIGEST_MISSING`, `SIZE_MISMATCH`, `ARCHIVE_REFUSED`, `VERSION_MISMATCH`,
 * `SIGNATURE_MISSING`, `SIGNATURE_UNREACHABLE`, `SIGNATURE_INVALID`, `DISK_FULL`,
 * `PERMISSION_DENIED`, `STORE_BUSY`
 */
export async function provisionRuntime(
  request: ExactRequest,
  copies: readonly string[] = [],
): Promise<Provisioned> {
  const present = await findWithoutHold(request);
  if (present !== undefined) return present;
  return await findOrHold(request, (hold) =>
    tryCandidates(signable(request), (candidate) =>
      fetchAndUnpack({ request, candidate, hold, copies }, async (unpacked) => {
        const manifest = await check(request, candidate, unpacked);
        return await commit(request, manifest, unpacked);
      }),
    ),
  );
}

/** Without a hold, which a read-only home cannot give; undefined where the work needs one. */
async function findWithoutHold(request: ExactRequest): Promise<Provisioned | undefined> {
  const { home } = request.settings;
  const key = keyOf(request);
  const found = await find(request);
  if (request.offline) {
    if (found === undefined) await verifyVisible(home, key);
    if (found === undefined && !(await mayComeBack(home, key))) throw notStored(request);
  } else if (found === undefined) await verifyStore(home, key);
  else await clearDeadHold(holdPath(home, key.version, key.target));
  return found;
}

/** What the store has whole for the request, noted as used; undefined where it has to come. */
async function find(request: ExactRequest): Promise<Provisioned | undefined> {
  if (request.force) return undefined;
  const { home } = request.settings;
  const runtime = await findStored(home, request);
  if (runtime === undefined) return undefined;
  const { manifest } = runtime;
  await noteUse(home, manifest);
  // Left by a run that was killed, or that was slower than the one that stored it.
  const left = partialId(manifest.origin.verified);
  await removeLeftParts(homeLayout(home).partial, left, { held: false }).catch(() => undefined);
  return { runtime, source: 'store', downloaded: 0 };
}

/** Waits for the hold, or for whoever has it to finish, and does the work where that is still to do. */
async function findOrHold(
  request: ExactRequest,
  bring: (hold: Hold) => Promise<Provisioned>,
): Promise<Provisioned> {
  const { version, target, settings, offline, signal, onProgress } = request;
  let open = request;
  return await workOnce({
    path: holdPath(settings.home, version.semver, target.triple),
    named: 'home',
    ready: () => find(open),
    work: async (hold) => {
      const restored = await restoreReplaced(settings.home, keyOf(request), hold);
      const finished = restored ? await find(open) : undefined;
      if (finished !== undefined) return finished;
      if (offline) throw notStored(request);
      const provisioned = await bring(hold);
      // If the hold was lost meanwhile, the next attempt takes what this one has stored.
      open = { ...request, force: false };
      return provisioned;
    },
    onWait: tellWaiting(
      onProgress,
      `another process is fetching Codex ${version.semver} for ${target.triple}`,
    ),
    signal,
  }).catch((error: unknown) => {
    // A home that is read-only can be read all the same.
    const unheld = offline && isCodexRuntimeError(error, 'PERMISSION_DENIED');
    throw unheld ? notStored(request) : error;
  });
}

async function commit(
  request: ExactRequest,
  manifest: RuntimeManifest,
  { staging, download }: Unpacked,
): Promise<Provisioned> {
  const { settings, onProgress } = request;
  // After the commit it would be too late: a kill in between would leave it behind for good.
  await download.discard();
  const runtime = await commitRuntime(settings.home, {
    staging,
    manifest,
    // One that is there and was passed over is not signed, not what the lock pins, or of another
    // repository; one that is wanted came from a process that took the hold over.
    replace: request.force || (await findStored(settings.home, request)) === undefined,
  });
  onProgress?.({ type: 'stored', dir: runtime.dir });
  return { runtime, source: manifest.origin.source, downloaded: download.outcome.fetched };
}

/** A package's `.tar.gz` may be signed whole; of the `.tar.zst` only the executable is. */
function signable(request: ExactRequest): CandidateRequest {
  return request.signer === undefined ? request : { ...request, zstd: false };
}

function keyOf({ version, target }: ExactRequest) {
  return { version: version.semver, target: target.triple };
}
