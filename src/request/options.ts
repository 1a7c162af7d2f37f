import { resolve } from 'node:path';
import type { VariantChoice } from '../asset.ts';
import { CodexRuntimeError } from '../errors.ts';
import type { OnProgress } from '../events.ts';
import { detectHost, type Host } from '../target/index.ts';
import type { Ecosystem } from './precedence.ts';
import { type Environment, type Settings, settingsFrom } from './settings.ts';

/** What every operation of the library understands; everything has a default. */
export interface RuntimeOptions {
  /**
   * `0.115.0`, `rust-v0.115.0`, `0.115.0a11`, a semver range, `latest` or `alpha`. Default: the
   * environment's pin, then the lockfile, then what is installed.
   */
  readonly version?: string;
  /** Whose variable names the version. Default `node`. */
  readonly ecosystem?: Ecosystem;
  /** A triple, an npm tag (`linux-x64`) or `os/cpu`. Default: this machine. */
  readonly target?: string;
  /** The complete runtime or the bare executable. Default `auto`: the complete one where the release has one. */
  readonly variant?: VariantChoice;
  /**
   * Channels and sources in order, e.g. `mirror,npm`, `oci:HOST/REPOSITORY` or `dir:PATH`. Default
   * `github,mirror,npm`; for another `repo` than `openai/codex` `github` alone, because the others
   * carry upstream's releases.
   */
  readonly source?: string;
  /** `owner/name` of a fork or private mirror. Default: the lockfile's, else `openai/codex`. */
  readonly repo?: string;
  /** Where runtimes are stored. Default `CODEX_RUNTIME_HOME`, else the platform's data directory. */
  readonly home?: string;
  /**
   * The lockfile, or its directory, in place of the nearest one upward from `cwd`. Named, it is used,
   * no matter who owns it. Default `CODEX_RUNTIME_LOCKFILE`, else the search.
   */
  readonly lockfile?: string;
  /** Where the search for a lockfile and a prefix starts. Default: the working directory. */
  readonly cwd?: string;
  /** Refuse whatever the lockfile does not pin. Default false. */
  readonly frozen?: boolean;
  /** Use only what the store has, and ask nobody: `OFFLINE` where that does not do. Default false. */
  readonly offline?: boolean;
  /** Download and install again, whatever is there. Default false. */
  readonly force?: boolean;
  /**
   * Require the release's Sigstore signature, by its release workflow and for this tag. Releases
   * have one for Linux. Default: what the lockfile says (`"signature": "required"`), else false.
   */
  readonly verifySignature?: boolean;
  /**
   * Whom to trust with signatures: a file (`trusted_root.json`), or `tuf` to bring the public root
   * up to date. Default `CODEX_RUNTIME_TRUSTED_ROOT`, else the public root that is built in. Named
   * where no signature is required it is `USAGE`: nothing would be verified.
   */
  readonly trustedRoot?: string;
  /**
   * How old a release has to be for `latest`, `alpha` and ranges: `3d`, `36h`, a number of days, or
   * `0` for no minimum. An exact version is taken whatever its age. Default
   * `CODEX_RUNTIME_MIN_RELEASE_AGE`, else npm's `min-release-age` with its exclusions.
   */
  readonly minReleaseAge?: string;
  /** Environment variables. Default: the process's own. */
  readonly env?: Environment;
  /** The machine to provide for. Default: this one. */
  readonly host?: Host;
  /** Told what happens while it happens. */
  readonly onProgress?: OnProgress;
  /** Ends the operation with `ABORTED` and leaves nothing half done. */
  readonly signal?: AbortSignal;
}

/** The options that {@link settingsOf} reads. */
type Surroundings = {
  readonly [Name in
    | 'env'
    | 'host'
    | 'home'
    | 'cwd'
    | 'lockfile'
    | 'repo'
    | 'trustedRoot'
    | 'minReleaseAge']?: RuntimeOptions[Name] | undefined;
};

/** The process's working directory, which may have been removed. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new CodexRuntimeError('USAGE', 'The working directory is not there any more.', {
      hint: 'Change to a directory that exists, and run the command again.',
      cause,
    });
  }
}

/**
 * The settings that the options ask for.
 * @throws CodexRuntimeError `USAGE` for surroundings that cannot be used
 */
export function settingsOf(options: Surroundings): Settings {
  // biome-ignore lint/style/noProcessEnv: the public API's one reading of the process's environment
  const env = options.env ?? process.env;
  const surroundings = { cwd: workingDirectory(), host: options.host ?? detectHost() };
  return settingsFrom(env, surroundings, {
    home: absolute(options.home),
    cwd: absolute(options.cwd),
    lockfile: options.lockfile,
    repo: options.repo,
    trustedRoot: options.trustedRoot,
    minReleaseAge: options.minReleaseAge,
  });
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
