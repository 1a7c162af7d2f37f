import type { ProofLevel } from './lockfile/index.ts';
import type { Version } from './pin/index.ts';
import type { Target } from './target/index.ts';

/**
 * Where releases are published. `oci` is a repository of a container registry, `dir` a local directory
 * filled by `codex-runtime download`.
 */
export type Channel = 'github' | 'mirror' | 'npm' | 'oci' | 'dir';

/** `package`: the complete runtime tree. `binary`: the bare executable. */
export type Variant = 'package' | 'binary';

/** What a user may ask for: `auto` takes the package where the release has one. */
export type VariantChoice = Variant | 'auto';

/** How an asset's bytes are wrapped. An npm tarball is a `tar.gz`; a layer of an image may be a plain `tar`. */
export type ArchiveFormat = 'tar' | 'tar.gz' | 'tar.zst' | 'zst' | 'zip';

/**
 * Where the members of an archive belong in the runtime tree: `tree` is that tree already,
 * `bare` holds the executable (and Windows helpers) under release names, `npm` is the platform
 * package in its old or new form, `image` a layer of a container image.
 */
export type Layout = 'tree' | 'bare' | 'npm' | 'image';

/**
 * What a signature is over: `archive` is the asset as it is downloaded, and with it every file of
 * the runtime; `entrypoint` is the uncompressed executable alone.
 */
export type SignedContent = 'archive' | 'entrypoint';

/** Who vouches for a digest, strongest first; the order of trust in docs/security.md. */
type DigestOrigin =
  | 'lockfile'
  | 'github'
  | 'sha256sums'
  | 'packslip'
  | 'mirror'
  | 'npm'
  | 'oci'
  | 'dir';

export interface Digest {
  readonly algorithm: 'sha256' | 'sha512';
  /** Lower-case hexadecimal. */
  readonly hex: string;
  readonly origin: DigestOrigin;
  /**
   * npm alone: id of the registry's key whose signature over the digest was verified; null where
   * the registry has no keys, so that nothing was.
   */
  readonly registryKey?: string | null;
  /** What was verified of these bytes beyond what the channel says: by the lockfile, or just now. */
  readonly proof?: ProofLevel;
}

/** One way to bring an asset's bytes here. */
export type AssetSource =
  /** GitHub's asset API: `Accept: application/octet-stream`, with a token, answers 302 to a CDN. */
  | { readonly kind: 'api'; readonly url: string }
  /** The public download URL: no API quota. */
  | { readonly kind: 'browser'; readonly url: string }
  /** `gh release download`, with the credentials that gh has. */
  | { readonly kind: 'gh'; readonly host: string; readonly repo: string; readonly tag: string }
  | { readonly kind: 'mirror'; readonly url: string }
  /** A tarball of an npm registry, with the agent and credentials of npm's configuration. */
  | { readonly kind: 'npm'; readonly url: string }
  /** A layer in a container registry; `reference` is its repository, as `--source` names it. */
  | { readonly kind: 'oci'; readonly url: string; readonly reference: string }
  | { readonly kind: 'file'; readonly path: string };

/** One file of a release, and all that is known about it before its bytes arrive. */
export interface Asset {
  readonly name: string;
  readonly target: Target;
  readonly variant: Variant;
  readonly format: ArchiveFormat;
  readonly layout: Layout;
  /** Bytes; null where the channel does not say. */
  readonly size: number | null;
  /** Strongest first; every one of them must match. Empty means that it cannot be verified. */
  readonly digests: readonly Digest[];
  /** In the order in which they are tried. */
  readonly sources: readonly AssetSource[];
}

/** A version as one channel shows it, reduced to the assets that hold a runtime. */
export interface Release {
  readonly channel: Channel;
  readonly version: Version;
  /** When it was published, in ms since the epoch; absent or null where the channel does not say. */
  readonly publishedAt?: number | null;
  readonly assets: readonly Asset[];
}
