import { dirname } from 'node:path';
import { sourcesFor } from './channels/source-selection.ts';
import { CodexRuntimeError, joinHints } from './errors.ts';
import {
  describeIgnored,
  formatSpec,
  isUpstream,
  type Lock,
  lockFor,
  lockRepository,
  pinCommand,
  type Version,
} from './pin/index.ts';
import type { RuntimeRequest } from './request.ts';
import type { Settings } from './settings.ts';
import { idleTrustedRoot, signatureUnsupported } from './signature/faults.ts';
import { hasSignatures, releaseSigner, type Signer } from './signature/signer.ts';

/** A request whose version is one version. */
export interface ExactRequest extends RuntimeRequest {
  readonly version: Version;
  /** The lockfile's pin of this version; null where there is none. */
  readonly lock: Lock | null;
  /** Where that lockfile lies; null where none counts. */
  readonly lockPath: string | null;
  /** Whose signature the runtime must carry; undefined where none is required. */
  readonly signer: Signer | undefined;
}

/**
 * Turns a range, `latest` or `alpha` into the version that it means now (offline: the newest that
 * the store has), and holds the request to the lockfile if there is one for that version.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND`, `SOURCES_EXHAUSTED`, `OFFLINE`, `LOCK_INCOMPLETE`,
 * `SIGNATURE_MISSING` when one is required for a target that has none, `USAGE` when a trusted root is
 * named and no signature is required
 */
export async function exactRequest(request: RuntimeRequest): Promise<ExactRequest> {
  const { spec } = request.pin;
  if (spec.kind === 'exact') return told(requestAt(request, spec.version));
  const exact = request.offline ? await storedRequest(request) : await currentRequest(request);
  const { semver: version } = exact.version;
  request.onProgress?.({ type: 'version', spec: formatSpec(spec), version });
  return told(exact);
}

/** Says by whose word another binary than upstream's may run, or other bytes are refused. */
function told(request: ExactRequest): ExactRequest {
  const { lock, lockPath, settings, onProgress } = request;
  const { repo } = settings.github;
  if (lock !== null && lockPath !== null) {
    const here = dirname(lockPath) === settings.cwd;
    onProgress?.({ type: 'lockfile', path: lockPath, version: lock.version, repo, here });
  }
  if (!isUpstream(repo)) onProgress?.({ type: 'repository', repo });
  return request;
}

async function storedRequest(request: RuntimeRequest): Promise<ExactRequest> {
  const { newestStored } = await import('./offline.ts');
  return await newestStored(request, (version) => requestAt(request, version));
}

async function currentRequest(request: RuntimeRequest): Promise<ExactRequest> {
  // Only a moving name needs the network and what speaks to it.
  const { resolveVersion } = await import('./channels/index.ts');
  return requestAt(request, await resolveVersion({ ...request, spec: request.pin.spec }));
}

/** The request for one version, held to the lockfile if there is one for it. */
function requestAt(request: RuntimeRequest, version: Version): ExactRequest {
  const lock = lockFor(request.pin, version);
  if (request.frozen && lock === null) throw notFrozen(request, version);
  const verifies = request.verifySignature || lock?.signature === 'required';
  if (request.namesTrustedRoot && !verifies) throw idleTrustedRoot();
  const settings = lock === null ? request.settings : settingsFor(request, lock);
  const sources = sourcesFor(request.source, settings.github.repo);
  const signer = requiredSigner({ ...request, settings }, version, lock);
  const lockPath = lock === null ? null : request.pin.lockPath;
  return { ...request, settings, sources, version, lock, lockPath, signer };
}

/** `--frozen`, and what is wanted is not what a lockfile pins. */
function notFrozen({ pin, settings }: RuntimeRequest, { semver }: Version): CodexRuntimeError {
  const command = `"${pinCommand({ version: semver, repo: settings.github.repo })}"`;
  const { lock, lockPath, origin } = pin;
  if (lock === null || lockPath === null) {
    return new CodexRuntimeError(
      'LOCK_INCOMPLETE',
      `--frozen takes only what a lockfile pins, and there is no lockfile for Codex ${semver}.`,
      {
        hint: joinHints([
          ...pin.ignored.map(describeIgnored),
          `Run ${command} and commit codex-runtime.lock.json.`,
        ]),
        fields: { version: semver, ignored: pin.ignored },
      },
    );
  }
  const source = origin === 'argument' ? 'the version argument' : origin;
  const undo = origin === 'argument' ? 'Leave out the version' : `Unset ${origin}`;
  return new CodexRuntimeError(
    'LOCK_INCOMPLETE',
    `--frozen takes only what the lockfile pins: ${lockPath} pins Codex ${lock.version}, but ${source} asks for ${semver}.`,
    {
      hint: `${undo} to install ${lock.version}; to move the lockfile to ${semver}, run ${command}.`,
      fields: { version: semver, locked: lock.version, origin, path: lockPath },
    },
  );
}

function settingsFor({ settings, repo }: RuntimeRequest, lock: Lock): Settings {
  return { ...settings, github: { ...settings.github, repo: lockRepository(lock, repo) } };
}

/**
 * Whose signature is required. A lockfile serves every platform of a team, so its rule applies only
 * where releases are signed; an explicit request for a signature that cannot exist is an error.
 */
function requiredSigner(
  { settings, target, verifySignature }: RuntimeRequest,
  version: Version,
  lock: ExactRequest['lock'],
): Signer | undefined {
  if (!hasSignatures(target)) {
    if (verifySignature) throw signatureUnsupported({ version, target });
    return undefined;
  }
  const required = verifySignature || lock?.signature === 'required';
  return required ? releaseSigner(settings.github.repo, version) : undefined;
}
