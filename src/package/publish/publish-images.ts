import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import compare from 'semver/functions/compare.js';
import { throwIfAborted } from '../../abort.ts';
import { diskError } from '../../disk/disk-error.ts';
import { hashFile } from '../../disk/hash-file.ts';
import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import { createHttp } from '../../fetch/http/index.ts';
import {
  createUploader,
  type OciRegistry,
  openOciRegistry,
  parseReference,
  type Uploader,
} from '../../fetch/oci/index.ts';
import { tryParseVersion } from '../../pin/index.ts';
import type { Settings } from '../../request/index.ts';
import { IMAGES, PACK_MANIFEST, parsePackManifest } from '../pack/index.ts';
import { type ImagePlan, loadImagePlan, type PlannedTag, versionOf } from './image-plan.ts';
import { defaultTag } from './plan-publish.ts';

export interface PublishImagesRequest {
  /** The directory that `pack` wrote. */
  readonly directory: string;
  /** `HOST/REPOSITORY`. */
  readonly repository: string;
  readonly settings: Settings;
  /** The tag that moves to this version. Default: `latest`, or for a prerelease its first word. */
  readonly tag?: string | undefined;
  /** Say what would be done and do nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Told of `working`, in bytes. */
  readonly onProgress?: OnProgress | undefined;
  /** Told of each step before it is done. */
  readonly onStep?: ((step: ImageStep) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One change to a repository; `present` is what it has already. */
export type ImageStep =
  | { readonly action: 'present'; readonly digest: string; readonly tag: string | null }
  | { readonly action: 'upload'; readonly digest: string; readonly size: number }
  | { readonly action: 'manifest'; readonly digest: string }
  | { readonly action: 'tag'; readonly digest: string; readonly tag: string };

export interface PublishedImages {
  /** Semver. */
  readonly version: string;
  /** `HOST/REPOSITORY`. */
  readonly repository: string;
  /** What was done, or with `dryRun` what would be. */
  readonly steps: readonly ImageStep[];
  /** The names of the images, and what they name. */
  readonly tags: readonly { readonly tag: string; readonly digest: string }[];
}

/**
 * Publishes a release's images so that nobody meets a name of half a release: bytes, then what names
 * them, then the tags. What the repository has is left alone, so the same call finishes an interrupted
 * one. Each part is asked for by itself: an index that is there says nothing about its parts.
 * @throws CodexRuntimeError `PUBLISH_FAILED` when the version has another image already, or a tag would
 * go back to an older version; `DAMAGED`, `USAGE`, `SOURCE_UNAVAILABLE`, `ABORTED`
 */
export async function publishImages(request: PublishImagesRequest): Promise<PublishedImages> {
  const { settings, onProgress, signal } = request;
  const reference = parseReference(request.repository);
  if (reference.digest !== null) {
    throw new CodexRuntimeError('USAGE', 'Images are published to a repository, not to a digest.', {
      hint: 'Leave out what follows the @.',
    });
  }
  const directory = resolve(settings.cwd, request.directory);
  const release = await loadPackManifest(directory);
  const distTag = request.tag ?? defaultTag(release.version);
  const plan = await loadImagePlan(join(directory, IMAGES), release, distTag);
  const http = createHttp(settings, { onProgress });
  try {
    const actions = request.dryRun === true ? 'pull' : 'pull,push';
    const registry = openOciRegistry(reference, { settings, http, actions, onProgress });
    await refuseOtherImages(registry, plan, { version: release.version, signal });
    if (request.tag === undefined) await refuseOlder(registry, distTag, release.version, signal);
    const uploader = createUploader(registry, onProgress);
    const steps = await publish(plan, { registry, uploader, request });
    return {
      version: release.version,
      repository: `${reference.host}/${reference.repository}`,
      steps,
      tags: plan.tags.map(({ tag, manifest }) => ({ tag, digest: manifest.descriptor.digest })),
    };
  } finally {
    await http.close();
  }
}

async function loadPackManifest(directory: string) {
  const path = join(directory, PACK_MANIFEST);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CodexRuntimeError('USAGE', `${directory} is not a packed release.`, {
      hint: 'Name the directory that "codex-runtime pack --ecosystem oci --out" wrote.',
      fields: { path: directory },
      cause,
    });
  });
  return parsePackManifest(text, path);
}

interface Publishing {
  readonly registry: OciRegistry;
  readonly uploader: Uploader;
  readonly request: PublishImagesRequest;
}

async function publish(
  plan: ImagePlan,
  { registry, uploader, request }: Publishing,
): Promise<readonly ImageStep[]> {
  const { onProgress, onStep, signal, dryRun = false } = request;
  const steps: ImageStep[] = [];
  const begin = (step: ImageStep) => {
    throwIfAborted(signal);
    steps.push(step);
    if (!dryRun) onStep?.(step);
  };
  const missing: ImagePlan['blobs'][number][] = [];
  for (const blob of plan.blobs) {
    const { digest } = blob.descriptor;
    if (!(await uploader.hasBlob(digest, signal))) missing.push(blob);
    else begin({ action: 'present', digest, tag: null });
  }
  for (const blob of missing) await verifyBlob(blob, signal);
  const total = missing.reduce((sum, { descriptor: { size } }) => sum + size, 0);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress?.({ type: 'working', what: 'Publishing', done, total });
  };
  for (const blob of missing) {
    const { digest, size } = blob.descriptor;
    begin({ action: 'upload', digest, size });
    if (!dryRun) await uploader.putBlob(blob, onBytes, signal);
  }
  let listsAttachments = plan.manifests.some(({ attached }) => attached);
  for (const manifest of plan.manifests) {
    const { digest } = manifest.descriptor;
    // An attached one is sent again: only the answer says whether the registry lists it.
    if (!manifest.attached && (await registry.hasManifest(digest, signal)) === digest) {
      begin({ action: 'present', digest, tag: null });
      continue;
    }
    begin({ action: 'manifest', digest });
    if (dryRun) continue;
    const listed = await uploader.putManifest(digest, manifest, signal);
    if (manifest.attached) listsAttachments &&= listed;
  }
  for (const { tag, manifest, moves } of plan.tags) {
    const { digest } = manifest.descriptor;
    const isList = moves && /^sha256-/.test(tag);
    if (isList && listsAttachments && !dryRun) continue;
    const present = (await registry.hasManifest(tag, signal)) === digest;
    begin(present ? { action: 'present', digest, tag } : { action: 'tag', digest, tag });
    if (!present && !dryRun) await uploader.putManifest(tag, manifest, signal);
  }
  return steps;
}

async function verifyBlob(
  { descriptor: { digest }, path }: ImagePlan['blobs'][number],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { sha256 } = await hashFile(path, ['sha256'], signal).catch((error: unknown) => {
    throw diskError(error, 'read', path);
  });
  const actual = `sha256:${sha256.toString('hex')}`;
  if (actual === digest) return;
  throw new CodexRuntimeError('DAMAGED', `${path} has changed since it was packed.`, {
    hint: 'Pack the release again.',
    fields: { path, expected: digest, actual },
  });
}

interface Asked {
  readonly version: string;
  readonly signal: AbortSignal | undefined;
}

/** A version that was published does not change. */
async function refuseOtherImages(
  registry: OciRegistry,
  plan: ImagePlan,
  { version, signal }: Asked,
) {
  const fixed = plan.tags.filter(({ moves }) => !moves);
  for (const { tag, manifest } of fixed) {
    const expected = manifest.descriptor.digest;
    const actual = await registry.hasManifest(tag, signal);
    if (actual === null || actual === expected) continue;
    throw new CodexRuntimeError(
      'PUBLISH_FAILED',
      `The repository has another image of Codex ${version} under ${tag}. Nothing was published.`,
      {
        hint: 'Published versions should not change: publish to another repository, or delete that tag first.',
        fields: { tag, version, expected, actual },
      },
    );
  }
}

async function refuseOlder(
  registry: OciRegistry,
  tag: PlannedTag['tag'],
  version: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = await registry.manifest(tag, signal);
  const current = found && versionOf(found.descriptor.mediaType, found.text);
  if (!current || tryParseVersion(current) === undefined || compare(current, version) <= 0) return;
  throw new CodexRuntimeError(
    'PUBLISH_FAILED',
    `The tag ${tag} names ${current}, which is newer than ${version}. Nothing was published.`,
    {
      hint: `Name a tag for the older line, or --tag ${tag} if going back is meant.`,
      fields: { version, tag, current },
    },
  );
}
