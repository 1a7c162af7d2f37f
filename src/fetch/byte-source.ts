import type { AssetSource } from '../asset.ts';
import type { Body } from './http/index.ts';

/** Which bytes to open, and of which edition. */
export interface Range {
  readonly offset: number;
  /** Exclusive; null for all that follow. */
  readonly end: number | null;
  /** Bytes of the whole asset, as far as known: another total is another edition. */
  readonly total: number | null;
  /** The edition that earlier bytes came from; see {@link Opened.validator}. */
  readonly validator: string;
}

/** Bytes on their way from one source. */
export interface Opened {
  /** Where `body` starts in the asset: 0 when a range was not honoured. */
  readonly offset: number;
  /** Bytes of the whole asset; null where the source does not say. */
  readonly total: number | null;
  /**
   * Tells this edition from others: an ETag, a date, or a file's own marks. Empty where the source has
   * none; its bytes can be continued all the same, because a digest judges the whole.
   */
  readonly validator: string;
  readonly body: Body;
  /** Where the bytes come from, safe to show. */
  readonly url: string;
}

/** One way to an asset's bytes, opened as often as it takes. */
export interface ByteSource {
  readonly kind: AssetSource['kind'];
  /** What a partial file remembers: same address and same validator mean same bytes. */
  readonly address: string;
  /**
   * One attempt. Without `range`, or when the source does not honour it, the whole asset.
   * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `ABORTED`
   */
  open(range: Range | null, signal: AbortSignal): Promise<Opened>;
  /** Removes what opening left behind. */
  close(): Promise<void>;
}
