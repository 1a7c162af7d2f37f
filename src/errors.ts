/** How a process ends for each kind of failure; the numbers are part of the command-line contract. */
export const EXIT_STATUS = {
  /** A fault of ours: nothing the user did. */
  UNEXPECTED: 1,
  USAGE: 2,
  PIN_MISSING: 3,
  PIN_INVALID: 3,
  LOCK_INVALID: 3,
  LOCK_INCOMPLETE: 3,
  RELEASE_NOT_FOUND: 4,
  ASSET_NOT_FOUND: 4,
  /** One source cannot deliver now; the only code that moves on to the next source. */
  SOURCE_UNAVAILABLE: 5,
  SOURCES_EXHAUSTED: 5,
  /** The body ended early. Retryable, and never mistaken for a wrong digest. */
  TRUNCATED: 5,
  OFFLINE: 5,
  /** The other side of a bridge left in the middle. */
  CONNECTION_LOST: 5,
  DIGEST_MISMATCH: 6,
  DIGEST_MISSING: 6,
  SIZE_MISMATCH: 6,
  ARCHIVE_REFUSED: 6,
  VERSION_MISMATCH: 6,
  SIGNATURE_MISSING: 6,
  SIGNATURE_UNREACHABLE: 6,
  SIGNATURE_INVALID: 6,
  /** A release's packslip manifest cannot be read as one. */
  MANIFEST_INVALID: 6,
  UNSUPPORTED_PLATFORM: 7,
  DISK_FULL: 8,
  PERMISSION_DENIED: 8,
  PREFIX_INVALID: 8,
  INSTALL_FAILED: 8,
  STORE_BUSY: 8,
  TEMPLATE_INVALID: 8,
  PUBLISH_FAILED: 8,
  /** Nobody listens on a Unix socket. */
  SOCKET_UNAVAILABLE: 8,
  DAMAGED: 9,
  INCOMPLETE_RELEASE: 9,
  APP_SERVER: 1,
  /** 128 + SIGINT, as shells report it. */
  ABORTED: 130,
} as const;

/** The literal union of everything that can go wrong; each has one exit status in {@link EXIT_STATUS}. */
export type ErrorCode = keyof typeof EXIT_STATUS;

export interface ErrorDetails {
  /** What to do next, as one sentence. */
  readonly hint?: string | undefined;
  /** The native error behind this one. */
  readonly cause?: unknown;
  /** Facts for programs (`url`, `expected`, `actual`, …); never a secret. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** What {@link CodexRuntimeError.with} changes. */
export interface ErrorAdditions extends Pick<ErrorDetails, 'hint' | 'fields'> {
  readonly message?: string;
}

/**
 * The one error of this package. `message` says what failed, for which version, target or URL;
 * `hint` what to do next; `code` is stable, prose is not.
 */
export class CodexRuntimeError extends Error {
  override readonly name: string = 'CodexRuntimeError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(escapeControls(message), details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.hint = details.hint === undefined ? undefined : escapeControls(details.hint);
    this.fields = details.fields ?? {};
  }

  /** The exit status of a process that ends with this error. */
  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }

  /** A copy that says more: `fields` are added, `message` and `hint` replaced; this is its cause. */
  with({ message, hint, fields }: ErrorAdditions): CodexRuntimeError {
    return new CodexRuntimeError(this.code, message ?? this.message, {
      hint: hint ?? this.hint,
      fields: { ...this.fields, ...fields },
      cause: this,
    });
  }

  /** The document that `--json` prints: code, message, hint and the fields. */
  toJSON(): Record<string, unknown> {
    const hint = this.hint === undefined ? {} : { hint: this.hint };
    return { ...this.fields, code: this.code, message: this.message, ...hint };
  }
}

/** Whether `error` is ours and, when `codes` are given, carries one of them. */
export function isCodexRuntimeError(
  error: unknown,
  ...codes: readonly ErrorCode[]
): error is CodexRuntimeError {
  return error instanceof CodexRuntimeError && (codes.length === 0 || codes.includes(error.code));
}

/** What several failures advise, each piece of advice once; undefined where none does. */
export function joinHints(hints: readonly (string | undefined)[]): string | undefined {
  const given = new Set(hints.filter((hint) => hint !== undefined));
  return given.size === 0 ? undefined : [...given].join(' ');
}

/**
 * Makes text from outside safe to print: terminal controls, bidirectional overrides and the starts
 * of a CI runner's commands become visible escapes, so that a server cannot move a cursor or forge
 * a `::` command. Line breaks stay.
 */
export function escapeControls(text: string): string {
  return (
    text
      .replace(
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
        visible,
      )
      // A CI runner takes orders from lines that start like this, and from `##[` anywhere.
      .replace(/(?<=^[ \u00a0]*):(?=:)|#(?=#\[)/gm, visible)
  );
}

function visible(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
