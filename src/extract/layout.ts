import type { ArchiveFormat, Asset } from '../asset.ts';
import type { Target } from '../target/index.ts';
import type { Member } from './member.ts';
import type { RefusalReason } from './refusal.ts';

/** Where a member belongs: a path of the runtime tree, nowhere (`skip`), or it is refused. */
export type Placement =
  | { readonly path: string }
  | { readonly skip: true }
  | { readonly reason: RefusalReason };

export type LaidOut = Pick<Asset, 'name' | 'format' | 'layout' | 'target'>;

const OUTSIDE: Placement = { reason: 'outside-tree' };
const SKIP: Placement = { skip: true };
const NOTICE = /^(README|LICENSE|LICENCE|NOTICE)(\.[a-z]+)?$/i;
const DIRECTORIES: ReadonlySet<string> = new Set(['bin', 'codex-path', 'codex-resources']);
const WINDOWS_HELPERS = new Set(['codex-command-runner.exe', 'codex-windows-sandbox-setup.exe']);

const EXTENSION: Readonly<Record<ArchiveFormat, string>> = {
  tar: '.tar',
  'tar.gz': '.tar.gz',
  'tar.zst': '.tar.zst',
  zst: '.zst',
  zip: '.zip',
};

/** The one executable that a runtime cannot be without: `bin/codex` or `bin/codex.exe`. */
export function entrypointOf({ exeSuffix }: Target): string {
  return `bin/codex${exeSuffix}`;
}

/** The asset's name without its archive extension, which is how a bare archive names its executable. */
export function stemOf({ name, format }: Pick<LaidOut, 'name' | 'format'>): string {
  const extension = EXTENSION[format];
  return name.endsWith(extension) ? name.slice(0, -extension.length) : name;
}

/** Maps a member to the runtime tree; `segments` is its checked name, without `./`. */
export function placeMember(
  segments: readonly string[],
  kind: Member['kind'],
  asset: LaidOut,
): Placement {
  if (segments.length === 0) return SKIP;
  switch (asset.layout) {
    case 'tree':
      return inTree(segments, kind);
    case 'bare':
      return inBare(segments, kind, asset);
    case 'npm':
      return inNpm(segments, kind, asset.target);
    case 'image':
      return inImage(segments, kind);
  }
}

/**
 * The tree has grown a `codex-…` entry per feature so far, so another one is taken as it is: a
 * future release stays installable. Any other name at the top could meet what stores and packages
 * put beside the tree (`runtime.json`, `package.json`, `node_modules`) and is refused.
 */
function inTree(segments: readonly string[], kind: Member['kind']): Placement {
  const [top = ''] = segments;
  const path = { path: segments.join('/') };
  if (DIRECTORIES.has(top)) return segments.length > 1 || kind === 'directory' ? path : OUTSIDE;
  if (top.startsWith('codex-')) return path;
  if (segments.length === 1 && kind === 'file' && NOTICE.test(top)) return SKIP;
  return OUTSIDE;
}

/** Exactly the asset's stem is the executable: other `codex-…` names are helpers, never the runtime. */
function inBare(segments: readonly string[], kind: Member['kind'], asset: LaidOut): Placement {
  const [name = ''] = segments;
  if (segments.length !== 1 || kind !== 'file') return OUTSIDE;
  if (name === stemOf(asset)) return { path: entrypointOf(asset.target) };
  if (asset.target.os === 'win32' && WINDOWS_HELPERS.has(name)) {
    return { path: `codex-resources/${name}` };
  }
  return OUTSIDE;
}

/** `package/vendor/<triple>/` holds the tree, or (until 0.11x) `codex/` and `path/`. */
function inNpm(segments: readonly string[], kind: Member['kind'], target: Target): Placement {
  const [root, vendor, owner, top, ...rest] = segments;
  if (root !== 'package') return OUTSIDE;
  if (segments.length === 1) return kind === 'directory' ? SKIP : OUTSIDE;
  if (vendor !== 'vendor') {
    const known = vendor === 'package.json' || NOTICE.test(vendor ?? '');
    return segments.length === 2 && kind === 'file' && known ? SKIP : OUTSIDE;
  }
  if (owner === undefined) return kind === 'directory' ? SKIP : OUTSIDE;
  if (owner !== target.triple) return { reason: 'wrong-target' };
  if (top === undefined) return kind === 'directory' ? SKIP : OUTSIDE;
  if (top === 'codex' || top === 'path') return inOldNpm({ top, rest, kind, target });
  return inTree([top, ...rest], kind);
}

/**
 * `opt/codex/` holds the tree. Around it an image needs directories of its own, and certificates; what
 * else a layer has came from somewhere else, and whiteouts and links with it.
 */
function inImage(segments: readonly string[], kind: Member['kind']): Placement {
  const [first, second, ...tree] = segments;
  // A whiteout is a file that stands for a file which is gone.
  if (segments.some((segment) => segment.startsWith('.wh.'))) return OUTSIDE;
  if (first === 'opt' && second === 'codex' && tree.length > 0) {
    return tree.join('/') === 'runtime.json' && kind === 'file' ? SKIP : inTree(tree, kind);
  }
  const known = kind === 'directory' ? IMAGE_DIRECTORIES : IMAGE_FILES;
  return known.has(segments.join('/')) ? SKIP : OUTSIDE;
}

const IMAGE_FILES: ReadonlySet<string> = new Set(['etc/ssl/certs/ca-certificates.crt']);
const IMAGE_DIRECTORIES: ReadonlySet<string> = new Set([
  'opt',
  'opt/codex',
  'home',
  'home/codex',
  'tmp',
  'etc',
  'etc/ssl',
  'etc/ssl/certs',
]);

interface OldNpmMember {
  readonly top: 'codex' | 'path';
  readonly rest: readonly string[];
  readonly kind: Member['kind'];
  readonly target: Target;
}

/** `codex/` held the executable and, on Windows, its helpers side by side; `path/` held `rg`. */
function inOldNpm({ top, rest, kind, target }: OldNpmMember): Placement {
  const [name] = rest;
  if (name === undefined) return kind === 'directory' ? SKIP : OUTSIDE;
  if (top === 'path') return { path: ['codex-path', ...rest].join('/') };
  const executable = rest.length === 1 && name === `codex${target.exeSuffix}`;
  return { path: [executable ? 'bin' : 'codex-resources', ...rest].join('/') };
}
