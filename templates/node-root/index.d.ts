/**
 * Absolute path of the native Codex executable. It finds its helpers next to itself: run it where
 * it is, or link to it.
 * @throws Error when the package of this platform is not installed
 */
export declare function codexPath(): string;

/** Absolute path of the directory to put on the PATH of a running Codex (`rg`); null without one. */
export declare function pathDir(): string | null;

/** The Codex version, e.g. `0.115.0`. */
export declare const version: string;

/** The Rust triple of this machine's build; undefined on a machine without one. */
export declare const target: string | undefined;
