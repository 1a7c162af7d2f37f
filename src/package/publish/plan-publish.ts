import compare from 'semver/functions/compare.js';
import { CodexRuntimeError } from '../../errors.ts';
import { parseVersion } from '../../pin/index.ts';
import type { PackedFile, PackManifest } from '../pack/index.ts';
import { NOTHING_PUBLISHED, type Published } from './published.ts';

/** Under this tag the root package waits until everything is there. */
export const PENDING_TAG = 'codex-runtime-pending';

/** One change to a registry; `present` is one that is already there. */
export type PublishStep =
  | { readonly action: 'present'; readonly file: PackedFile }
  | { readonly action: 'publish'; readonly file: PackedFile; readonly tag: string }
  /** In its place where the registry stages: it is not to be seen before its approval. */
  | { readonly action: 'stage'; readonly file: PackedFile; readonly tag: string }
  /** From here on, an installation must find all of these. */
  | { readonly action: 'await'; readonly files: readonly PackedFile[] }
  | {
      readonly action: 'tag';
      readonly name: string;
      readonly version: string;
      readonly tag: string;
    }
  | { readonly action: 'untag'; readonly name: string; readonly tag: string };

export interface PublishPlanOptions {
  /** Default: `latest`, or for a prerelease its first word, e.g. `alpha`. */
  readonly tag?: string;
  /**
   * Whether the root package gets its tag in the request that publishes it: for identity tokens
   * (OIDC), with which npm publishes but does not move tags. Default false.
   */
  readonly tagWithRoot?: boolean;
}

/**
 * Orders what is left to do: platform packages, then the root package, then the dist-tag. Decided
 * from what the registry has, so that an interrupted run is finished by the next one.
 * @throws CodexRuntimeError `PUBLISH_FAILED` when the registry has other bytes under this version, or
 * the default tag would move to an older version; `DAMAGED` when the release has no root package
 */
export function planPublish(
  release: PackManifest,
  published: ReadonlyMap<string, Published>,
  options: PublishPlanOptions = {},
): readonly PublishStep[] {
  const npm = release.files.filter(({ ecosystem }) => ecosystem === 'node');
  if (npm.length === 0) return [];
  const platforms = npm.filter(({ target }) => target !== null);
  const [root, ...others] = npm.filter(({ target }) => target === null);
  if (root === undefined || others.length > 0 || platforms.length === 0) {
    throw new CodexRuntimeError('DAMAGED', 'The release has no root package for its platforms.', {
      hint: 'Pack it again.',
    });
  }
  const of = ({ package: { name } }: PackedFile) => published.get(name) ?? NOTHING_PUBLISHED;
  for (const file of npm) refuseOther(file, of(file));
  const tag = options.tag ?? defaultTag(release.version);
  if (options.tag === undefined) refuseOlder(root, of(root), tag);

  const put = (file: PackedFile, under: string): PublishStep =>
    of(file).versions[file.package.version] === undefined
      ? { action: 'publish', file, tag: under }
      : { action: 'present', file };
  const { name, version } = root.package;
  const { tags } = of(root);
  const rootStep = put(root, options.tagWithRoot === true ? tag : PENDING_TAG);
  const tagged = tags[tag] === version || (rootStep.action === 'publish' && rootStep.tag === tag);
  const pending = tags[PENDING_TAG] !== undefined || ('tag' in rootStep && rootStep.tag !== tag);
  return [
    ...platforms.map((file) => put(file, tag)),
    { action: 'await', files: platforms },
    rootStep,
    { action: 'await', files: [root] },
    ...(tagged ? [] : [{ action: 'tag' as const, name, version, tag }]),
    ...(pending ? [{ action: 'untag' as const, name, tag: PENDING_TAG }] : []),
  ];
}

/** The tag under which users expect a version: prereleases never become `latest` by themselves. */
export function defaultTag(version: string): string {
  if (!parseVersion(version).prerelease) return 'latest';
  return /-([a-z]+)/i.exec(version)?.[1]?.toLowerCase() ?? 'next';
}

function refuseOther(file: PackedFile, { versions }: Published): void {
  const { name, version } = file.package;
  const actual = versions[version];
  if (actual === undefined || actual === file.integrity) return;
  throw new CodexRuntimeError(
    'PUBLISH_FAILED',
    `The registry has another build of ${name}@${version}. Nothing was published.`,
    {
      hint: 'Published versions cannot change. Publish the build that is there, or a new version.',
      fields: { package: name, version, expected: file.integrity, actual },
    },
  );
}

function refuseOlder({ package: { name, version } }: PackedFile, { tags }: Published, tag: string) {
  const current = tags[tag];
  if (current === undefined || compare(current, version) <= 0) return;
  throw new CodexRuntimeError(
    'PUBLISH_FAILED',
    `${name}@${tag} is ${current}, which is newer than ${version}. Nothing was published.`,
    {
      hint: `Name a tag for the older line, or --tag ${tag} if going back is meant.`,
      fields: { package: name, version, tag, current },
    },
  );
}
