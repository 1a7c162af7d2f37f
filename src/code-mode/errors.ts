/** What a program did wrong with code mode, or what its script host did. */
export type CodeModeErrorCode =
  /** An option, a tool's name or an argument that cannot be used. */
  | 'USAGE'
  /** No cell has this id: it never had, or its result was taken. */
  | 'UNKNOWN_CELL'
  /** Another `wait` on this cell is under way. */
  | 'CELL_BUSY'
  /** As many cells as may run at one time are running. */
  | 'TOO_MANY_CELLS'
  /** The script host does not start. */
  | 'HOST_FAILED'
  /** The code mode was closed. */
  | 'CLOSED';

/** The one error of code mode's own functions; what a *script* does wrong is a result, not an error. */
export class CodeModeError extends Error {
  override readonly name = 'CodeModeError';
  readonly code: CodeModeErrorCode;

  constructor(code: CodeModeErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
