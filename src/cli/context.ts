import type { Readable, Writable } from 'node:stream';
import type { Environment } from '../request/index.ts';

/** The process as commands see it; made once in main. */
export interface CliContext {
  /** The result alone: a path, a table, or one JSON document. */
  readonly stdout: Writable;
  /** Writes the result at once; `stdout` is for what is piped or written bit by bit. */
  readonly print: (text: string) => void;
  /** Progress and words. */
  readonly stderr: Writable;
  /** Writes words to stderr at once, as `print` does to stdout. */
  readonly say: (text: string) => void;
  /** Opens stdin, which a child process may want untouched. */
  readonly openStdin: () => Readable;
  readonly env: Environment;
  /** The words of the command line, without node and script. */
  readonly words: readonly string[];
  /** Whether stderr is a terminal that a bar may redraw: not in CI, not with a dumb terminal. */
  readonly interactive: boolean;
  /** Columns of the terminal that stderr is; 80 where unknown. */
  readonly stderrColumns: number;
  /** Whether stderr is a terminal that shows colours. */
  readonly stderrColor: boolean;
  /** Columns of the terminal that stdout is; undefined where stdout is a pipe or a file. */
  readonly stdoutColumns: number | undefined;
  /** Whether stdout is a terminal that shows colours. */
  readonly stdoutColor: boolean;
  /** Ends with the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** Lets a command take the signals itself, as `exec` does for its child. */
  readonly releaseSignals: () => void;
}

/** What every command understands. */
export interface CommonFlags {
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
  readonly home?: string;
}

/** Says the exit status of a command that may end with another one than 0 and has not failed. */
export type ExitWith = (status: number) => void;
