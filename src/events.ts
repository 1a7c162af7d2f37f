import type { AssetSource, Channel, SignedContent } from './asset.ts';
import type { PassedOver } from './pin/index.ts';
import type { Triple } from './target/index.ts';

/** What a caller may show while a runtime is on its way. Texts are already safe to print. */
export type ProgressEvent =
  | {
      /** A range, `latest` or `alpha` has come to mean one version. */
      readonly type: 'version';
      /** As it was asked for. */
      readonly spec: string;
      /** Semver. */
      readonly version: string;
    }
  | {
      /** Versions that a range, `latest` or `alpha` would mean, but for their age. */
      readonly type: 'passed-over';
      readonly spec: string;
      readonly versions: readonly PassedOver[];
      /** What was passed over and why, as a sentence. */
      readonly reason: string;
    }
  | {
      /** A lockfile says which version or which bytes count. */
      readonly type: 'lockfile';
      /** Absolute. */
      readonly path: string;
      /** Semver. */
      readonly version: string;
      /** `owner/name` whose releases it locks. */
      readonly repo: string;
      /** Whether it lies in the working directory itself. */
      readonly here: boolean;
    }
  | {
      /** A lockfile was found and does not count: others could have written it. */
      readonly type: 'lockfile-ignored';
      /** Absolute. */
      readonly path: string;
      /** The end of a sentence that starts with the path: `belongs to user 1001`. */
      readonly reason: string;
    }
  | {
      /** A release has a packslip manifest that says nothing about it, or that cannot be had. */
      readonly type: 'manifest-ignored';
      readonly channel: Channel;
      /** File name. */
      readonly name: string;
      /** The end of a sentence that starts with the name. */
      readonly reason: string;
    }
  | {
      /** Releases of another repository than upstream's are taken. */
      readonly type: 'repository';
      /** `owner/name` */
      readonly repo: string;
    }
  | {
      /** A channel or one source of it cannot deliver now; the next one is tried. */
      readonly type: 'unavailable';
      readonly channel: Channel;
      readonly source: AssetSource['kind'] | null;
      readonly reason: string;
    }
  | {
      /** An asset was chosen and its bytes are about to come. */
      readonly type: 'asset';
      readonly channel: Channel;
      /** Of Codex; semver. */
      readonly version: string;
      readonly name: string;
      /** Bytes; null where the channel does not say. */
      readonly size: number | null;
    }
  | {
      /** One of several targets comes next. */
      readonly type: 'target';
      readonly target: Triple;
      /** From 1. */
      readonly number: number;
      readonly of: number;
    }
  | {
      readonly type: 'download';
      /** Bytes of the asset that are here, resumed ones included. */
      readonly received: number;
      /** Bytes in all; null where nobody said. */
      readonly total: number | null;
      /** Bytes that an earlier, interrupted run left. */
      readonly resumed: number;
    }
  | {
      /** A long part of a pack or a publish. */
      readonly type: 'working';
      readonly what: 'Packing' | 'Checking' | 'Publishing';
      /** Bytes, of the files that go in. */
      readonly done: number;
      readonly total: number;
    }
  | {
      /** A request failed and is sent again. */
      readonly type: 'retry';
      /** Number of the attempt that comes next, from 2. */
      readonly attempt: number;
      readonly reason: string;
    }
  | {
      /** A server refused credentials, and is asked again without them. */
      readonly type: 'refused';
      /** Where they come from: the name of a variable, or npm's configuration. */
      readonly credentials: string;
      readonly host: string;
      /** HTTP status. */
      readonly status: number;
    }
  | {
      /** A server has been asked, and has not answered yet. */
      readonly type: 'silent';
      readonly host: string;
      readonly seconds: number;
    }
  | {
      /** Another process is at the same work, or GitHub's rate limit is used up. */
      readonly type: 'waiting';
      readonly for: 'lock' | 'rate-limit';
      readonly reason: string;
    }
  | {
      /** Size and every digest of an asset agree. */
      readonly type: 'verified';
      /** As text: `<algorithm>:<hex> (<who vouches for it>)`. */
      readonly digests: readonly string[];
    }
  | {
      /** A required signature was verified. */
      readonly type: 'signed';
      /** The signer in the certificate: the URL of the release workflow at the release's tag. */
      readonly identity: string;
      /** File name of the Sigstore bundle. */
      readonly bundle: string;
      /** `archive`: every file of the runtime; `entrypoint`: its executable. */
      readonly over: SignedContent;
    }
  | {
      /** A wheel is made and given to pip, which says nothing meanwhile. */
      readonly type: 'pip';
      /** The interpreter whose pip it is. */
      readonly python: string;
    }
  | {
      /** A runtime has come into the store. */
      readonly type: 'stored';
      /** Absolute. */
      readonly dir: string;
    }
  | {
      /** A package has come into a prefix or a Python environment. */
      readonly type: 'installed';
      /** Absolute path of the package. */
      readonly dir: string;
      /** Absolute path of the native executable. */
      readonly executable: string;
      /** The manager that will remove the package again, because package.json lacks it; null for none. */
      readonly removedBy: PackageManager | null;
      /** The npm package whose command `codex` was until now; null where it was nobody else's. */
      readonly replaced: string | null;
      /** Whether the file system has no links, so that the package is a directory of its own. */
      readonly withoutLinks: boolean;
    }
  | {
      /** A build was replaced, or a package removed, and its files could not be removed yet. */
      readonly type: 'leftover';
      /** Absolute. */
      readonly path: string;
      /** Whether a program is the likely reason: it runs from there, or has a file open. */
      readonly inUse: boolean;
    };

/** Managers that tidy `node_modules`. Yarn from 2 on leaves what is not its own. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn';

export type OnProgress = (event: ProgressEvent) => void;

/** How a wait for another process is told: `reason` says what that process does. */
export function tellWaiting(onProgress: OnProgress | undefined, reason: string): () => void {
  return () => onProgress?.({ type: 'waiting', for: 'lock', reason });
}
