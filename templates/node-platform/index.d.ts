/**
 * Absolute path of the native Codex executable. It finds its helpers next to itself: run it where
 * it is, or link to it.
 * @throws Error when the package lost it
 */
export declare function codexPath(): string;

/** Absolute path of the directory to put on the PATH of a running Codex (`rg`); null without one. */
export declare function pathDir(): string | null;

/** The Codex version, e.g. `0.115.0`. */
export declare const version: string;

/** The Rust triple that the executable was built for, e.g. `x86_64-unknown-linux-musl`. */
export declare const target: string;
