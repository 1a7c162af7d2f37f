import type { OnProgress } from '../events.ts';
import type { PrefixOptions } from '../place/index.ts';
import type { CliContext } from './context.ts';
import type { PrefixFlags, RuntimeFlags } from './flags.ts';

/** What a command was given. */
export interface GivenOptions {
  readonly version?: string | undefined;
  readonly flags: RuntimeFlags & PrefixFlags;
  readonly onProgress?: OnProgress | undefined;
}

/** The library's options from flags; what was not given stays absent, so that defaults apply. */
export function libraryOptions(
  context: CliContext,
  { version, flags, onProgress }: GivenOptions,
): PrefixOptions {
  const options = given({
    version,
    target: flags.target,
    variant: flags.variant,
    source: flags.source,
    repo: flags.repo,
    minReleaseAge: flags.minReleaseAge,
    home: flags.home,
    lockfile: flags.lockfile,
    frozen: flags.frozen,
    offline: flags.offline,
    force: flags.force,
    verifySignature: flags.verifySignature,
    trustedRoot: flags.trustedRoot,
    prefix: flags.prefix,
    global: flags.global,
    name: flags.name,
    onProgress,
  });
  return { ...options, env: context.env, signal: context.signal };
}

/** The members that are not undefined. */
export function given<T extends object>(
  options: T,
): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const present = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}
