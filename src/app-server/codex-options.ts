import type { Environment } from '../request/index.ts';
import type { ConfigTable } from './config-overrides.ts';
import type { AppServerError } from './errors.ts';
import type { ConnectionEvent, RejoinOptions } from './rejoin/connection-event.ts';
import type { ToolOrNamespace } from './tools/tool.ts';
import type { Approve } from './turns/approvals.ts';

/** How a client behaves, whatever way it has to its server. */
export interface ClientOptions {
  /** Who this is; Codex puts it in front of its user agent. Default: this package. */
  readonly clientInfo?: {
    readonly name: string;
    readonly title?: string;
    readonly version: string;
  };
  /**
   * Lets the server take and offer what its types mark as `@experimental`, as tools are. Default
   * true; `false` makes the server refuse all of it.
   */
  readonly experimentalApi?: boolean;
  /** Tools that Codex may call in every thread that this client starts. Default: none. */
  readonly tools?: readonly ToolOrNamespace[];
  /** Decides about commands, file changes and permissions. Default: all are declined. */
  readonly onApproval?: Approve;
  /**
   * Is told when a callback of yours threw, or returned what JSON cannot hold. The server has got an
   * error answer by then, which declines an approval. Default: a process warning.
   */
  readonly onCallbackError?: (error: AppServerError) => void;
  /**
   * Answers other requests of the server (`item/tool/requestUserInput`, `item/tool/call`, …) with
   * their `result`. Default: it is told that the client does not know them.
   */
  readonly onServerRequest?: (request: {
    readonly method: string;
    readonly params: unknown;
    readonly signal: AbortSignal;
  }) => unknown;
  /**
   * The version that the server must have, or a range such as `>=0.150.0`; otherwise the start
   * fails. Default: any.
   */
  readonly expectedVersion?: string;
  /**
   * Milliseconds for the server to introduce itself. Default 180,000: its first start over many
   * stored sessions takes long, and must not be cut off.
   */
  readonly startTimeoutMs?: number;
  /** Bytes of the longest message that is accepted. Default 64 MiB. */
  readonly maxLineBytes?: number;
  /**
   * Characters of JSON that are kept of a turn's unread events; later ones are let go and the
   * reader gets an `EventsLostError`. Default 16 Mi.
   */
  readonly maxUnread?: number;
  /** Ends the start; a client that has started is not affected. */
  readonly signal?: AbortSignal;
}

/** As {@link ClientOptions}, and how a listener is asked to let this client in. */
export interface ConnectOptions extends ClientOptions {
  /** Where the lockfile is looked for whose version the server should have. Default: this process's. */
  readonly cwd?: string;
  /** The variables that may pin a version. Default: this process's. */
  readonly env?: Environment;
  /**
   * Sent as `Authorization: Bearer …`, for a listener with `--ws-auth`: the content of its
   * `--ws-token-file`, or a signed token. Default: none.
   */
  readonly token?: string;
  /**
   * When the connection is cut, it is made again, threads are resumed and their turns followed on.
   * `false`: everything that is under way fails at once. Default: with the defaults of the options.
   */
  readonly rejoin?: boolean | RejoinOptions;
  /** Is told when the connection is cut, of each attempt to join again, and how it went. */
  readonly onConnection?: (event: ConnectionEvent) => void;
}

/** As {@link ClientOptions}, and how the server is started. */
export interface CodexOptions extends ClientOptions {
  /**
   * A program with its arguments that speaks as `codex app-server` does on stdin and stdout, in place
   * of an executable: `['ssh', 'host', 'codex-runtime', 'bridge', '--lines']`. Default: none.
   */
  readonly command?: readonly [string, ...string[]];
  /** The executable. Default: that of an installed `codex-cli-bin`, else see `provision`. */
  readonly codexPath?: string;
  /** The server's whole environment. Default: that of this process. */
  readonly env?: Environment;
  /** Where the server runs, and where an installed package is looked for. Default: the current. */
  readonly cwd?: string;
  /** Overrides of Codex's `config.toml`, as `--config` takes them. */
  readonly config?: ConfigTable;
  /**
   * `native` turns Codex's own code mode on, and fails where this Codex has none. Default: what its
   * configuration and the model say; 0.171.0 uses it for its newest models by itself, so give no tool
   * of yours the name `exec` or `wait`. For scripts over your own tools see `codex-runtime/code-mode`.
   */
  readonly codeMode?: 'native';
  /**
   * Bring a runtime when none is installed: the pinned one (`true`), or this version. Default false.
   */
  readonly provision?: boolean | string;
}

/** A reader is "behind" from here on; see FlowControl. */
const SOFT_LIMIT = 1024 * 1024;

export const DEFAULTS = {
  startTimeoutMs: 180_000,
  maxLineBytes: 64 * 1024 * 1024,
  maxUnread: 16 * 1024 * 1024,
} as const;

export function queueLimits(options: ClientOptions): { soft: number; hard: number } {
  const hard = options.maxUnread ?? DEFAULTS.maxUnread;
  return { soft: Math.min(SOFT_LIMIT, hard / 2), hard };
}
