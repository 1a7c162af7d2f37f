import zlib from 'node:zlib';
import type { Asset, Channel, Release, VariantChoice } from '../asset.ts';
import { isCodexRuntimeError } from '../errors.ts';
import { type Lock, reaches, strongestProof } from '../lockfile/index.ts';
import type { Version } from '../pin/index.ts';
import type { SourceChoice } from '../request/index.ts';
import type { Target } from '../target/index.ts';
import { type ChannelsRequest, openChannels } from './channels.ts';
import { chooseAsset } from './choose.ts';
import { exhausted } from './exhausted.ts';
import { applyLock, lockedRelease, lockedTarget } from './locked.ts';
import { notLocked } from './not-locked.ts';
import { OriginLedger } from './origins.ts';
import { notProven, proofOf } from './proof.ts';
import { type ChannelFailure, type ReleaseChannel, reportUnavailable } from './release-channel.ts';

export interface CandidateRequest extends ChannelsRequest {
  readonly version: Version;
  readonly target: Target;
  readonly variant: VariantChoice;
  /** The lock that was made for `version`, or null. */
  readonly lock: Lock | null;
  /** As `--source` named the channels; undefined for the default. */
  readonly source?: string | undefined;
  /** Whether zstd can be inflated. Default: whether this Node can. */
  readonly zstd?: boolean;
  /** Told of each channel that is passed over. */
  readonly onFailure?: (failure: ChannelFailure) => void;
}

/** An asset that may be taken. */
export interface Candidate {
  readonly channel: Channel;
  readonly asset: Asset;
  /** Whether the channel's release has a complete package for the target. */
  readonly packageAvailable: boolean;
}

/**
 * The assets to try for one version and target, channel after channel; ask for the next one when
 * one turns out to be unavailable. A channel that cannot answer is reported as `unavailable` and
 * passed over. With a lock no API is asked where direct URLs do, and only what the lock vouches
 * for comes out. An asset that nobody vouches for comes last, for the download to refuse.
 * @throws CodexRuntimeError when no channel has a candidate: `RELEASE_NOT_FOUND` (with near
 * versions in `fields.suggestions`), `ASSET_NOT_FOUND`, `LOCK_INCOMPLETE`, `SOURCES_EXHAUSTED`
 * (with `fields.reasons`); at any time `DIGEST_MISMATCH`, `ABORTED`.
 */
export async function* resolveCandidates(
  request: CandidateRequest,
): AsyncGenerator<Candidate, void> {
  const { lock, target } = request;
  if (lock !== null) lockedTarget(lock, target);
  const channels = openChannels(request);
  const failures: ChannelFailure[] = [];
  const onFailure = (failure: ChannelFailure) => {
    failures.push(failure);
    reportUnavailable(request.onProgress, failure);
    request.onFailure?.(failure);
  };
  const unvouched: Candidate[] = [];
  const origins = new OriginLedger(request.version);
  let yielded = 0;
  try {
    for (const { choice, channel } of channels.list) {
      for (const read of readings(request, choice, channel)) {
        const candidate = await choose(request, {
          channel: channel.name,
          read,
          origins,
          onFailure,
        });
        if (candidate === undefined) continue;
        if (candidate.asset.digests.length === 0) {
          unvouched.push(candidate);
          continue;
        }
        yielded += 1;
        yield candidate;
      }
    }
    for (const candidate of unvouched) {
      yielded += 1;
      yield candidate;
    }
    if (yielded === 0) throw await exhausted(request, channels, failures);
  } finally {
    await channels.close();
  }
}

type Reading = () => Promise<Release>;

/** The ways to learn what a channel has: from the lock where that does, else by asking. */
function readings(
  { lock, target, version, settings, signal }: CandidateRequest,
  choice: SourceChoice,
  channel: ReleaseChannel,
): readonly Reading[] {
  const ask: Reading = () => channel.release(version, [target], signal);
  if (lock === null) return [ask];
  const locked = lockedRelease(lock, { target, choice, settings });
  if (locked === undefined) return [ask];
  if (locked.assets.length === 0) {
    // The executable's digest alone lets a channel stand in; else there is nothing to ask for.
    if (lockedTarget(lock, target).entrypoint !== undefined) return [ask];
    return [async () => Promise.reject(notLocked(lock, target, channel.name))];
  }
  // A private repository has no direct URLs; with a token its API is the second way.
  const api = choice.channel === 'github' && settings.github.token !== null;
  return [async () => locked, ...(api ? [ask] : [])];
}

interface Attempt {
  readonly channel: Channel;
  readonly read: Reading;
  readonly origins: OriginLedger;
  readonly onFailure: (failure: ChannelFailure) => void;
}

async function choose(
  request: CandidateRequest,
  { channel, read, origins, onFailure }: Attempt,
): Promise<Candidate | undefined> {
  const { lock, target, variant } = request;
  try {
    const release = await read();
    // A lockfile decides by itself, and says so.
    if (lock === null) origins.add(release.assets);
    const zstd = request.zstd ?? 'createZstdDecompress' in zlib;
    const vouched = lock === null ? release : held(release, lock, target);
    return { channel, ...chooseAsset(vouched, { target, variant, zstd }) };
  } catch (error) {
    if (!isCodexRuntimeError(error, ...PASSED_OVER)) throw error;
    onFailure({ channel, error });
    return undefined;
  }
}

/** What says that this channel cannot deliver, and nothing against the next one. */
const PASSED_OVER = [
  'SOURCE_UNAVAILABLE',
  'RELEASE_NOT_FOUND',
  'ASSET_NOT_FOUND',
  'LOCK_INCOMPLETE',
] as const;

function held(release: Release, lock: Lock, target: Target): Release {
  const assets = release.assets.flatMap((asset) => applyLock(asset, lock) ?? []);
  if (assets.length === 0 && release.assets.length > 0) {
    throw notLocked(lock, target, release.channel);
  }
  const { require: required } = lock;
  if (required === undefined) return { ...release, assets };
  const proven = assets.filter((asset) => reaches(proofOf(asset), required));
  if (proven.length > 0 || assets.length === 0) return { ...release, assets: proven };
  const level = strongestProof(assets.map(proofOf));
  throw notProven({ ...lock, require: required }, target, { channel: release.channel, level });
}
