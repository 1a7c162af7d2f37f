import { CodexRuntimeError } from '../errors.ts';

/** Why an archive is refused; the `reason` field of `ARCHIVE_REFUSED`. */
export type RefusalReason =
  /** A stream or structure that its own format calls broken: checksums, magic numbers, lengths. */
  | 'corrupt'
  /** The archive ends before its format says that it does. */
  | 'truncated'
  /** Bytes after the end of the archive that are not padding. */
  | 'trailing-data'
  /** Compressed data where the members should be: an archive inside the archive. */
  | 'nested-compression'
  | 'hard-or-symbolic-link'
  /** A device, FIFO or socket. */
  | 'special-file'
  /** Setuid, setgid or sticky. */
  | 'special-mode'
  | 'sparse-file'
  | 'encrypted'
  /** A member type, compression method or extension that no Codex release uses. */
  | 'unsupported-feature'
  /** Two places of the archive tell different things about one member. */
  | 'ambiguous'
  | 'absolute-path'
  | 'traversal'
  | 'backslash'
  | 'drive-letter'
  /** Control and invisible formatting characters, NUL among them. */
  | 'control-character'
  /** Names that Windows keeps for itself or changes silently. */
  | 'reserved-name'
  /** Empty, not UTF-8, or with empty or `.` segments. */
  | 'malformed-name'
  | 'duplicate-name'
  /** Two names that some file system takes for one. */
  | 'colliding-names'
  /** One path as a file and as a directory. */
  | 'file-directory-clash'
  | 'path-too-long'
  | 'too-many-members'
  | 'too-many-bytes'
  /** Unpacking it takes longer than any release does. */
  | 'too-long'
  /** So few bytes become so many that it can only be a decompression bomb. */
  | 'expansion-ratio'
  /** No part of the runtime tree. */
  | 'outside-tree'
  /** A build for another target. */
  | 'wrong-target'
  | 'entrypoint-missing';

/** Makes the error that refuses `member` of one asset; null is the archive as a whole. */
export type Refuse = (
  reason: RefusalReason,
  member: string | null,
  cause?: unknown,
) => CodexRuntimeError;

/** Broken rather than hostile: the bytes themselves are in doubt. */
const DAMAGE: ReadonlySet<unknown> = new Set<RefusalReason>([
  'corrupt',
  'truncated',
  'trailing-data',
]);

export function refuserOf(asset: string): Refuse {
  return (reason, member, cause) => {
    const what = member === null ? `The archive ${asset}` : `Member "${member}" of ${asset}`;
    return new CodexRuntimeError('ARCHIVE_REFUSED', `${what} is refused: ${TEXT[reason]}.`, {
      hint: DAMAGE.has(reason)
        ? 'Run the command again; if it fails again, try another source with --source.'
        : 'Do not unpack it by other means; report it to whoever publishes this release.',
      fields: { asset, member, reason },
      cause,
    });
  };
}

/** Whether `error` says that an archive is broken, so that its digest has the last word. */
export function isDamage(error: unknown): boolean {
  return (
    error instanceof CodexRuntimeError &&
    error.code === 'ARCHIVE_REFUSED' &&
    DAMAGE.has(error.fields['reason'])
  );
}

const TEXT: Readonly<Record<RefusalReason, string>> = {
  corrupt: 'it is damaged or not an archive of this format',
  truncated: 'it ends too early',
  'trailing-data': 'data follows its end',
  'nested-compression': 'it is compressed once more inside',
  'hard-or-symbolic-link': 'links are not allowed',
  'special-file': 'devices, FIFOs and sockets are not allowed',
  'special-mode': 'setuid, setgid and sticky bits are not allowed',
  'sparse-file': 'sparse files are not allowed',
  encrypted: 'encrypted members are not allowed',
  'unsupported-feature': 'it uses a feature that no Codex release uses',
  ambiguous: 'its headers contradict each other',
  'absolute-path': 'absolute paths are not allowed',
  traversal: 'its path leaves the destination',
  backslash: 'backslashes in names are not allowed',
  'drive-letter': 'drive letters and alternate streams are not allowed',
  'control-character': 'its name holds control or invisible characters',
  'reserved-name': 'its name is reserved on some systems',
  'malformed-name': 'its name is malformed',
  'duplicate-name': 'its name occurs twice',
  'colliding-names': 'its name differs from another one only by case or Unicode form',
  'file-directory-clash': 'one path is both a file and a directory',
  'path-too-long': 'its path is too long',
  'too-many-members': 'it has too many members',
  'too-many-bytes': 'it unpacks to too many bytes',
  'too-long': 'it takes too long to unpack',
  'expansion-ratio': 'it expands like a decompression bomb',
  'outside-tree': 'it does not belong to a Codex runtime',
  'wrong-target': 'it belongs to another target',
  'entrypoint-missing': 'it does not hold the Codex executable',
};
