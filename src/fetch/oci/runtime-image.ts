import type { Target } from '../../target/index.ts';
import type { Annotations, Platform } from './descriptor.ts';

/** Where the runtime's tree lies in an image. */
export const IMAGE_ROOT = 'opt/codex';

/** Who the image runs as, with root's group: platforms that choose a user keep that group. */
export const IMAGE_UID = 65532;
export const IMAGE_HOME = 'home/codex';

/** Names the target that an image holds the runtime of. */
export const TARGET_LABEL = 'dev.codex-runtime.target';
/** Names the layer with the runtime by its `diff_id`, which lives through every re-compression. */
export const LAYER_LABEL = 'dev.codex-runtime.layer';
/** SHA-256 of the executable inside. */
export const ENTRYPOINT_LABEL = 'dev.codex-runtime.entrypoint';
/** The zstd that compressed the layer: another one makes other bytes. */
export const ZSTD_LABEL = 'dev.codex-runtime.zstd';
export const VERSION_LABEL = 'org.opencontainers.image.version';

/** A target as images name it. Source: GOOS and GOARCH. */
export function platformOf({ os, cpu }: Target): Platform {
  return { architecture: cpu === 'x64' ? 'amd64' : cpu, os: os === 'win32' ? 'windows' : os };
}

/** Whether a target's image is chosen by its platform, under the version's own tag. */
export function isInIndex({ os }: Target): boolean {
  return os === 'linux';
}

/** The tag of a version. Tags have no `+`. */
export function versionTag(version: string): string {
  return version.replaceAll('+', '_');
}

/** The tag of a target that has one of its own. */
export function targetTag(version: string, { npmTag }: Target): string {
  return `${versionTag(version)}-${npmTag}`;
}

/** Where a registry without a referrers API keeps what is attached to `digest`. */
export function referrersTag(digest: string): string {
  return digest.replace(':', '-');
}

interface Described {
  readonly version: string;
  /** The Git tag. */
  readonly revision: string;
  /** URL. */
  readonly source: string;
  /** An SPDX expression. */
  readonly licenses: string;
}

/** The specification's annotations of an image or an index. */
export function imageAnnotations({ version, revision, source, licenses }: Described): Annotations {
  return {
    'org.opencontainers.image.description': "OpenAI's Codex, one version of its runtime",
    'org.opencontainers.image.licenses': licenses,
    'org.opencontainers.image.revision': revision,
    'org.opencontainers.image.source': source,
    'org.opencontainers.image.title': 'codex',
    [VERSION_LABEL]: version,
  };
}
