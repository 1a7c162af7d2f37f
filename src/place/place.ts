import type { PackageManager } from '../events.ts';
import type { Ecosystem, ExactRequest } from '../request/index.ts';
import type { HoldWait, Runtime, RuntimeDescription } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import type { Leftover } from './builds.ts';
import type { KnownPrefix } from './known-prefixes.ts';
import type { PrefixOptions } from './npm-prefix/prefix.ts';

/** Which place is meant: an npm prefix, or with `ecosystem: 'python'` a Python environment. */
export interface PlaceOptions extends PrefixOptions {
  /**
   * With `ecosystem: 'python'`, the interpreter whose pip installs: a path, or a name on PATH.
   * Default: that of the active environment (`VIRTUAL_ENV`, `CONDA_PREFIX`), else of `.venv` in the
   * working directory; with `prefix`, a directory as for `pip install --target`, it is `python3`.
   */
  readonly python?: string;
}

/** A package of ours that is installed and whole. */
export interface PlacedPackage {
  readonly name: string;
  /** In its ecosystem's spelling. */
  readonly version: string;
  /** Absolute path of the package. */
  readonly dir: string;
  /** Absolute path of the native executable. */
  readonly executable: string;
  /** Absolute path of the prefix, the Python environment, or the directory of packages. */
  readonly prefix: string;
  /** Absolute path of the Python interpreter that found it; absent for npm. */
  readonly interpreter?: string;
  readonly runtime: RuntimeDescription;
}

/** What {@link Place.survey} finds. */
export interface Survey {
  /** What the package that is there says it is, whole or not; undefined where nothing says. */
  readonly runtime: RuntimeDescription | undefined;
  /** The package, if all of it is as it was installed. Looks at every file, once. */
  healthy(): Promise<PlacedPackage | undefined>;
  /** What is there and is not whole. Asked only where {@link healthy} finds nothing. */
  damaged(): Promise<{ readonly version: string; readonly dir: string } | undefined>;
}

/** What {@link Place.inspect} finds: a package, whole or not, or the trace of one. */
export interface Inspected {
  /** `damaged`: files or links are not as installed. `missing`: something else removed it. */
  readonly state: 'healthy' | 'damaged' | 'missing';
  /** Absolute path of the package. */
  readonly dir: string;
  /** Semver; null where nothing says. */
  readonly version: string | null;
  /** `owner/name` whose release it is; null where nothing says. */
  readonly repo: string | null;
  /** Null where `runtime.json` is gone or cannot be understood. */
  readonly target: Triple | null;
  /** Absolute path of the native executable; null as `target` is. */
  readonly executable: string | null;
}

/** What is to be installed. */
export interface PlaceRequest extends Pick<HoldWait, 'onWait'> {
  readonly request: ExactRequest;
  readonly runtime: Runtime;
  /** Directory of templates in place of the bundled ones. */
  readonly templatesDir: string | undefined;
}

/** A package that was just installed. */
export interface Installation extends PlacedPackage {
  /** The npm package whose command `codex` was until now; null where it was nobody else's. */
  readonly replaced: string | null;
  /** The manager that will remove the package again; null for none. */
  readonly removedBy: PackageManager | null;
  /** Whether its files lie in its own place, because the file system makes no links. */
  readonly withoutLinks: boolean;
}

/** What was removed. */
export interface Removed {
  readonly name: string;
  /** Null where nothing tells. */
  readonly version: string | null;
  /** Absolute path that the package had. */
  readonly dir: string;
  /**
   * Absolute paths of files that could not be removed, on Windows because a program runs from
   * there: the next installation or removal in this prefix removes them.
   */
  readonly leftovers: readonly Leftover[];
}

/** Where a runtime lives: one implementation an ecosystem, and nobody else knows what is different. */
export interface Place {
  readonly ecosystem: Ecosystem;
  /** Name of the package there. */
  readonly name: string;
  /** The flags with which a command means this place again, for hints. */
  readonly flags: readonly string[];
  /** Absolute path of the prefix or environment. */
  prefix(): Promise<string>;
  /** Looks at what is there; changes nothing. */
  survey(signal: AbortSignal | undefined): Promise<Survey>;
  /**
   * Refuses what cannot be put here, before anything is fetched for it; makes nothing.
   * @throws CodexRuntimeError `PREFIX_INVALID`, `PERMISSION_DENIED`, `UNSUPPORTED_PLATFORM`
   */
  accept(request: ExactRequest): Promise<void>;
  /** The directories that will hold copies of a runtime's files, which cannot be shared with the home. */
  copies(): Promise<readonly string[]>;
  /** Installs a stored runtime. */
  install(request: PlaceRequest): Promise<Installation>;
  /** Finishes what a run left undone that was killed after its package had become whole. */
  settle(): Promise<void>;
  /** Removes the package, or what is left of it; undefined where there is nothing. */
  remove(wait: HoldWait): Promise<Removed | undefined>;
  /** Says in which state the package is; undefined where there is none. */
  inspect(): Promise<Inspected | undefined>;
  /** How the home notes the place, so that others find it again. */
  known(present: PlacedPackage): KnownPrefix;
}
