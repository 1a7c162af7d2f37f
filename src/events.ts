import type { AssetSource, Channel, SignedContent } from './asset.ts';

/** What a caller may show while a runtime is on its way. Texts are already safe to print. */
export type ProgressEvent =
  | {
      /** A range, `latest` or `alpha` has come to mean one version. */
      readonly type: 'version';
      /** As it was asked for; a range in its canonical form. */
      readonly spec: string;
      /** Semver. */
      readonly version: string;
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
      readonly name: string;
      readonly size: number | null;
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
  | { readonly type: 'retry'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'waiting'; readonly for: 'lock' | 'rate-limit'; readonly reason: string }
  | { readonly type: 'verified'; readonly digests: readonly string[] }
  | {
      /** A required signature was verified. */
      readonly type: 'signed';
      readonly identity: string;
      readonly bundle: string;
      /** `archive`: every file of the runtime; `entrypoint`: its executable. */
      readonly over: SignedContent;
    }
  | { readonly type: 'stored'; readonly dir: string }
  | {
      readonly type: 'installed';
      readonly dir: string;
      readonly executable: string;
      /** Whether npm will remove the package again, because the project's package.json lacks it. */
      readonly unknownToNpm: boolean;
    };

export type OnProgress = (event: ProgressEvent) => void;
