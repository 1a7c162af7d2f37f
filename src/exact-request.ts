import { CodexRuntimeError } from './errors.ts';
import {
  formatSpec,
  type Lock,
  lockFor,
  lockRepository,
  pinCommand,
  type Version,
} from './pin/index.ts';
import type { RuntimeRequest } from './request.ts';
import { sourcesFor } from './resolve/source-selection.ts';
import type { Settings } from './settings.ts';
import { idleTrustedRoot, signatureUnsupported } from './signature/faults.ts';
import { hasSignatures, releaseSigner, type Signer } from './signature/signer.ts';

/** A request whose version is one version. */
export interface ExactRequest extends RuntimeRequest {
  readonly version: Version;
  /** The lockfile's pin of this version; null where there is none. */
  readonly lock: Lock | null;
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
  if (spec.kind === 'exact') return requestAt(request, spec.version);
  const exact = request.offline ? await storedRequest(request) : await currentRequest(request);
  const { semver: version } = exact.version;
  request.onProgress?.({ type: 'version', spec: formatSpec(spec), version });
  return exact;
}

async function storedRequest(request: RuntimeRequest): Promise<ExactRequest> {
  const { newestStored } = await import('./offline.ts');
  return await newestStored(request, (version) => requestAt(request, version));
}

async function currentRequest(request: RuntimeRequest): Promise<ExactRequest> {
  // Only a moving name needs the network and what speaks to it.
  const { resolveVersion } = await import('./resolve/index.ts');
  return requestAt(request, await resolveVersion({ ...request, spec: request.pin.spec }));
}

/** The request for one version, held to the lockfile if there is one for it. */
function requestAt(request: RuntimeRequest, version: Version): ExactRequest {
  const lock = lockFor(request.pin, version);
  if (request.frozen && lock === null) {
    throw new CodexRuntimeError(
      'LOCK_INCOMPLETE',
      `--frozen takes only what a lockfile pins, and none pins Codex ${version.semver}.`,
      {
        hint: `Run "${pinCommand({ version: version.semver, repo: request.settings.github.repo })}" and commit codex-runtime.lock.json.`,
        fields: { version: version.semver },
      },
    );
  }
  const verifies = request.verifySignature || lock?.signature === 'required';
  if (request.namesTrustedRoot && !verifies) throw idleTrustedRoot();
  const settings = lock === null ? request.settings : settingsFor(request, lock);
  const sources = sourcesFor(request.source, settings.github.repo);
  const signer = requiredSigner({ ...request, settings }, version, lock);
  return { ...request, settings, sources, version, lock, signer };
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
