import type { Asset, AssetSource, Channel } from '../asset.ts';
import type { OnProgress } from '../events.ts';
import type { Settings } from '../request/index.ts';

export interface DownloadRequest {
  readonly channel: Channel;
  readonly asset: Asset;
  /** Directory of resumable downloads; made when missing. */
  readonly partialDir: string;
  readonly settings: Settings;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a download went. */
export interface DownloadOutcome {
  /** What delivered the last of its bytes; null until then. */
  source: AssetSource['kind'] | null;
  /** Bytes of the asset; 0 until all are here. */
  size: number;
  /** Bytes that came over the wire, those that had to be fetched again included. */
  fetched: number;
  /** Bytes that an earlier run had left and this one used. */
  resumed: number;
}

/** An asset on its way. */
export interface Download {
  /**
   * The asset's bytes in order, to be read once. It ends without an error only after size and every
   * digest have matched; what was read before that is not to be trusted or shown.
   */
  readonly bytes: AsyncIterable<Buffer>;
  /** Holds the whole, verified asset once `bytes` has ended: for formats that need random access. */
  readonly path: string;
  /** Filled while `bytes` is read. */
  readonly outcome: DownloadOutcome;
  /** Removes the partial file: call it when the runtime is in the store. */
  discard(): Promise<void>;
  /** Leaves what is here to a later download; to be called when this one was of no use. */
  release(): void;
}
