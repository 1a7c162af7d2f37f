import { join, resolve } from 'node:path';
import { throwIfAborted } from '../../abort.ts';
import { shellWord } from '../../child/shell-word.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import {
  createRegistry,
  loadNpmOptions,
  type NpmOptions,
  openUploadGate,
  publicRegistry,
  type Registry,
} from '../../fetch/npm/index.ts';
import type { Settings } from '../../request/index.ts';
import type { PackManifest } from '../pack/index.ts';
import { parsePackageName } from '../stage/index.ts';
import { applyStep } from './apply-step.ts';
import { bytesOf, loadRelease } from './load-release.ts';
import { createNpmClient } from './npm-client.ts';
import { defaultTag, type PublishStep, planPublish } from './plan-publish.ts';
import { pointDotslash } from './point-dotslash.ts';
import { loadPublished } from './published.ts';
import { verifyNoRedirect } from './registry-redirect.ts';
import { stageRelease, type WaitingPackage } from './stage-release.ts';
import {
  identityUrl,
  publishesByIdentity,
  verifyProvenance,
  withRegistry,
} from './surroundings.ts';
import { verifyWheel } from './verify-wheel.ts';

export interface PublishRequest {
  /** The directory that `pack` wrote. */
  readonly directory: string;
  readonly settings: Settings;
  /** URL of the registry. Default: the one that npm's configuration names. */
  readonly registry?: string;
  /** The dist-tag of the root package. Default: `latest`, or for a prerelease its first word. */
  readonly tag?: string;
  /** Have npm sign where the packages were made, in a CI that can. Default false. */
  readonly provenance?: boolean;
  /** Who may see scoped packages that are new. Default: npm's own. */
  readonly access?: 'public' | 'restricted';
  /**
   * Stage the packages where the registry can: it shows them once a maintainer has approved each.
   * Elsewhere they are published as without it. Default false.
   */
  readonly stage?: boolean;
  /** Say what would be done and do nothing. Default false. */
  readonly dryRun?: boolean;
  /** Lets npm ask for a one-time password on the terminal. Default false. */
  readonly terminal?: boolean;
  /** How long the registry may take to show what was published, in ms. Default five minutes. */
  readonly visibleWithin?: number;
  /** Told of `working`, in bytes of the packed files. */
  readonly onProgress?: OnProgress | undefined;
  /** Told of each step before it is done. */
  readonly onStep?: (step: PublishStep) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface PublishResult {
  readonly version: string;
  /** What was done, or with `dryRun` what would be. */
  readonly steps: readonly PublishStep[];
  /**
   * What waits for approval, in the order in which to approve it, the root package last; null without
   * `stage`, with `dryRun`, and at a registry that has no staging.
   */
  readonly waiting: readonly WaitingPackage[] | null;
  /** Checked wheels, as paths from `directory`; publishing them is the PyPI client's work. */
  readonly wheels: readonly string[];
  /** What uploads the wheels; null without any. */
  readonly wheelCommand: string | null;
}

/**
 * Publishes a packed release to an npm registry so that nobody ever meets half of it: every platform
 * package is there and seen before the root package that depends on it, and the dist-tag moves last.
 * What is there already is left alone, so the same call finishes an interrupted one.
 * @throws CodexRuntimeError `PUBLISH_FAILED`, `DAMAGED`, `USAGE`, `SOURCE_UNAVAILABLE`, `ABORTED`
 */
export async function publishRelease(request: PublishRequest): Promise<PublishResult> {
  if (request.provenance === true) verifyProvenance(request.settings);
  const directory = resolve(request.settings.cwd, request.directory);
  const release = await loadRelease(directory, request.signal, request.onProgress);
  const wheels = release.files.filter(({ ecosystem }) => ecosystem === 'python');
  for (const wheel of wheels) await verifyWheel(join(directory, wheel.path), request.signal);

  const surroundings = withRegistry(request.settings, release.name, request.registry);
  const registry = createRegistry({ ...surroundings, npmPackage: release.name });
  const byIdentity = await publishesByIdentity(surroundings);
  const { name, files } = release;
  const hasPackages = files.some(({ ecosystem }) => ecosystem === 'node');
  const npm = hasPackages ? await loadNpmOptions(surroundings) : null;
  const address = npm && publicRegistry(npm, name);
  if (address !== null) {
    await verifyNoRedirect(registry, address, { name, signal: request.signal });
  }
  const steps = planPublish(release, await loadAll(release, registry, request.signal), {
    ...(request.tag === undefined ? {} : { tag: parseTag(request.tag) }),
    tagWithRoot: byIdentity,
  });
  const waiting =
    request.dryRun === true || npm === null || address === null
      ? null
      : await send(request, { directory, release, registry, steps, npm, address, byIdentity });
  return {
    version: release.version,
    steps,
    waiting,
    wheels: wheels.map(({ path }) => path),
    wheelCommand:
      wheels.length === 0 ? null : `python -m twine upload ${shellWord(join(directory, '/'))}*.whl`,
  };
}

/** What an npm registry is asked for, and how it is reached. */
interface Sending {
  readonly directory: string;
  readonly release: PackManifest;
  readonly registry: Registry;
  readonly steps: readonly PublishStep[];
  readonly npm: NpmOptions;
  /** Of the registry, without credentials, with a slash at its end. */
  readonly address: string;
  readonly byIdentity: boolean;
}

/** Takes the steps through one gate; what waits for approval, or null where nothing is staged. */
async function send(
  request: PublishRequest,
  { directory, release, registry, steps, npm, address, byIdentity }: Sending,
): Promise<readonly WaitingPackage[] | null> {
  const { settings, onStep, signal } = request;
  const progress = uploadProgress(steps, request.onProgress);
  const { origin } = new URL(address);
  const gate = await openUploadGate(npm, {
    registry: origin,
    identity: identityUrl(settings),
    otherHosts: request.provenance === true,
    onBytes: progress.sent,
  });
  try {
    const client = createNpmClient({
      ...{ gate, origin, byIdentity, settings, signal },
      releaseName: release.name,
      registry: request.registry ?? null,
      provenance: request.provenance ?? false,
      access: request.access ?? null,
      terminal: request.terminal,
    });
    const tag = request.tag ?? defaultTag(release.version);
    const waiting =
      request.stage === true
        ? await stageRelease({ directory, client, steps, tag, onStep, signal })
        : null;
    // Once all are approved, tags are left to be moved as always.
    if (waiting !== null && waiting.length > 0) return waiting;
    for (const step of steps) {
      throwIfAborted(signal);
      onStep?.(step);
      progress.begin(step);
      const within = request.visibleWithin ?? 5 * 60_000;
      await applyStep(step, { directory, client, registry, within, signal });
      progress.end();
    }
    await pointDotslash(directory, release, address);
    return waiting;
  } finally {
    gate.close();
  }
}

/** npm sends a tarball as text in JSON: four characters for three bytes. */
const SHARE = 3 / 4;

/** Tells how much of all tarballs the registry has, as npm sends them. */
function uploadProgress(steps: readonly PublishStep[], onProgress: OnProgress | undefined) {
  const total = bytesOf(steps.flatMap((step) => (step.action === 'publish' ? [step.file] : [])));
  let before = 0;
  let sent = 0;
  let size = 0;
  const tell = (done: number) =>
    onProgress?.({ type: 'working', what: 'Publishing', done: before + done, total });
  return {
    begin(step: PublishStep) {
      sent = 0;
      size = step.action === 'publish' ? step.file.size : 0;
    },
    sent(count: number) {
      sent += count;
      // A second try of npm's sends it again.
      if (size > 0) tell(Math.min(size, Math.floor(sent * SHARE)));
    },
    end() {
      if (size === 0) return;
      before += size;
      size = 0;
      tell(0);
    },
  };
}

async function loadAll(release: PackManifest, registry: Registry, signal?: AbortSignal) {
  const names = release.files
    .filter(({ ecosystem }) => ecosystem === 'node')
    .map(({ package: { name } }) => parsePackageName(name));
  const loaded = names.map(
    async (name) => [name, await loadPublished(registry, name, signal)] as const,
  );
  return new Map(await Promise.all(loaded));
}

const TAG = /^[A-Za-z][A-Za-z0-9._-]*$/;

function parseTag(text: string): string {
  if (TAG.test(text) && !/^v?\d|^x$/i.test(text)) return text;
  throw new CodexRuntimeError('USAGE', `"${text}" is not a dist-tag.`, {
    hint: 'Write a word like latest, next or alpha.',
    fields: { tag: text },
  });
}
