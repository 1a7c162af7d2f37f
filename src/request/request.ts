import { forManyListeners, throwIfAborted } from '../abort.ts';
import type { VariantChoice } from '../asset.ts';
import type { OnProgress } from '../events.ts';
import {
  type LoadedLock,
  type Lock,
  loadLock,
  lockFor,
  repositoryMeant,
} from '../lockfile/index.ts';
import type { Version } from '../pin/index.ts';
import { hostTarget, parseTarget, type Target } from '../target/index.ts';
import { notFrozen } from './not-frozen.ts';
import type { RuntimeOptions } from './options.ts';
import { type Pin, resolvePin } from './precedence.ts';
import { type Settings, settingsFor } from './settings.ts';
import {
  hasSignatures,
  idleTrustedRoot,
  releaseSigner,
  type Signer,
  signatureUnsupported,
} from './signer.ts';
import { type SourceSelection, sourcesFor } from './source-selection.ts';

/**
 * What is meant: the options with every default filled in, the surroundings, the lockfile and the
 * pin. All are read once, by {@link openRequest}; what is derived from it reads nothing.
 */
export interface Request {
  /** For the repository that is meant as long as no version is. */
  readonly settings: Settings;
  readonly lockfile: LoadedLock;
  readonly pin: Pin;
  readonly target: Target;
  readonly sources: SourceSelection;
  readonly offline: boolean;
  readonly force: boolean;
  readonly onProgress: OnProgress | undefined;
  readonly signal: AbortSignal | undefined;
  /**
   * The request for one version of one target, held to the lockfile if that pins the version.
   * @throws CodexRuntimeError `LOCK_INCOMPLETE` when the lockfile pins another repository, or with
   * `frozen` another version; `SIGNATURE_MISSING` when a signature is required for a target that has
   * none; `USAGE` when a trusted root is named and no signature is required
   */
  at(version: Version, target?: Target): ExactRequest;
}

/** What is meant, of one version and one target. */
export interface ExactRequest {
  /** For the repository that is meant. */
  readonly settings: Settings;
  readonly version: Version;
  readonly target: Target;
  readonly variant: VariantChoice;
  /** As it was named; undefined for the default, which depends on the repository. */
  readonly source: string | undefined;
  readonly sources: SourceSelection;
  /** The lockfile's pin of this version; null where there is none. */
  readonly lock: Lock | null;
  /** Where that lockfile lies; null where none counts. */
  readonly lockPath: string | null;
  /** Whose signature the runtime must carry; undefined where none is required. */
  readonly signer: Signer | undefined;
  readonly offline: boolean;
  readonly force: boolean;
  readonly onProgress: OnProgress | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a prefix holds: it names version and repository where nothing else does. */
interface Installed {
  readonly version: string;
  readonly repo?: string | undefined;
}

/**
 * Reads what the options leave open: the lockfile and the pin.
 * @param settings of the same options: `settingsOf` reads the surroundings, once
 * @param installed what a prefix holds that is healthy, asked last
 * @throws CodexRuntimeError `PIN_MISSING`, `PIN_INVALID`, `LOCK_INVALID`, `UNSUPPORTED_PLATFORM`,
 * `USAGE`, `ABORTED`
 */
export async function openRequest(
  options: RuntimeOptions,
  settings: Settings,
  installed?: () => Promise<Installed | null>,
): Promise<Request> {
  const lockfile = openLockfile(options, settings);
  const pin = await resolvePin({
    argument: options.version,
    env: settings.env,
    ecosystem: options.ecosystem ?? 'node',
    lockfile,
    installed: async () => (await installed?.())?.version ?? null,
  });
  const present = pin.origin === 'installed' ? ((await installed?.())?.repo ?? null) : null;
  throwIfAborted(options.signal);
  return createRequest(options, settings, { lockfile, pin, installed: present });
}

/** What {@link openRequest} found. */
export interface Findings {
  readonly lockfile: LoadedLock;
  readonly pin: Pin;
  /** The repository of what is installed, where that is the pin. */
  readonly installed: string | null;
}

/**
 * The request that options, settings and findings make; reads nothing.
 * @throws CodexRuntimeError as {@link openRequest}
 */
export function createRequest(
  options: RuntimeOptions,
  settings: Settings,
  { lockfile, pin, installed }: Findings,
): Request {
  const { source, variant = 'auto', force = false, offline = false, onProgress } = options;
  const signal = forManyListeners(options.signal);
  const common = { force, offline, onProgress, signal };
  const target =
    options.target === undefined ? hostTarget(settings.host) : parseTarget(options.target);
  const named = options.repo === undefined ? null : settings.github.repo;
  const exact = pin.spec.kind === 'exact' ? pin.spec.version : undefined;
  const lock = exact === undefined ? lockfile.lock : lockFor(lockfile, exact);
  const repo = repositoryMeant({ named, lock, installed, exact });
  const at = (version: Version, of = target): ExactRequest => {
    const lock = lockFor(lockfile, version);
    if (options.frozen === true && lock === null) throw notFrozen({ pin, lockfile, repo }, version);
    const theirs = repositoryMeant({ named, lock, installed: repo, exact: version });
    return {
      ...common,
      settings: settingsFor(settings, theirs),
      sources: sourcesFor(source ?? lock?.source, theirs),
      version,
      target: of,
      variant,
      source,
      lock,
      lockPath: lock === null ? null : lockfile.path,
      signer: isSigned(options, { version, target: of, lock })
        ? releaseSigner(theirs, version)
        : undefined,
    };
  };
  const sources = sourcesFor(source ?? lock?.source, repo);
  return { ...common, settings: settingsFor(settings, repo), lockfile, pin, target, sources, at };
}

/**
 * Whether a signature is required. A lockfile serves every platform of a team, so its rule applies
 * only where releases are signed; an explicit request for a signature that cannot exist is an error.
 */
function isSigned(
  { verifySignature = false, trustedRoot }: RuntimeOptions,
  { version, target, lock }: Pick<ExactRequest, 'version' | 'target' | 'lock'>,
): boolean {
  const required = verifySignature || lock?.signature === 'required';
  if (trustedRoot !== undefined && !required) throw idleTrustedRoot();
  if (!hasSignatures(target) && verifySignature) throw signatureUnsupported({ version, target });
  return required && hasSignatures(target);
}

/**
 * The one search for the lockfile, and the word about those that it passed over.
 * @throws CodexRuntimeError `LOCK_INVALID`, `PIN_MISSING`
 */
export function openLockfile(
  { onProgress }: Pick<RuntimeOptions, 'onProgress'>,
  settings: Settings,
): LoadedLock {
  const lockfile = loadLock(settings);
  for (const ignored of lockfile.ignored) onProgress?.({ type: 'lockfile-ignored', ...ignored });
  return lockfile;
}
