/** One member of an archive in terms that all formats share. */
export interface Member {
  /** As the archive spells it. */
  readonly name: string;
  readonly kind: 'file' | 'directory';
  /** Bytes that the archive announces; null where the format does not say. */
  readonly size: number | null;
  /** Whether the archive marks it executable. */
  readonly executable: boolean;
  /** To be read to its end before the next member is asked for; empty for a directory. */
  readonly body: AsyncIterable<Buffer>;
}
