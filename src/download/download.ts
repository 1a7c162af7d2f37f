import type { OnProgress } from '../events.ts';
import type { Asset, AssetSource, Channel } from '../resolve/asset.ts';
import type { Settings } from '../settings.ts';

export interface DownloadRequest {
  readonly channel: Channel;
  readonly asset: Asset;
  /** Directory of resumable downloads; made when missing. */
  readonly partialDir: string;
  readonly settings: Settings;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
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
  readonly outcome: { source: AssetSource['kind'] | null; fetched: number; resumed: number };
  /** Removes the partial file: call it when the runtime is in the store. */
  discard(): Promise<void>;
}
