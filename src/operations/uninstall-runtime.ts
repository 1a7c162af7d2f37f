import { exists } from '../disk/exists.ts';
import { CodexRuntimeError } from '../errors.ts';
import {
  findLostPackage,
  forgetPrefix,
  layoutOf,
  loadInstalled,
  type PrefixOptions,
  uninstallNodePackage,
} from '../install/index.ts';
import { parseVersion } from '../pin/index.ts';
import { settingsOf } from '../request.ts';
import { parsePackageName } from '../stage/index.ts';
import { DEFAULT_PACKAGE_NAME } from '../stage/package-names.ts';
import { listRuntimes, lockPath, removeRuntime, workOnce } from '../store/index.ts';
import { parseTarget } from '../target/index.ts';

/** What is gone. */
export interface Uninstalled {
  /** Directories of runtimes that left the store. */
  readonly runtimes: readonly string[];
  /** The package that left its prefix; null where none was asked for. */
  readonly package: {
    readonly name: string;
    /** Null when it was lost before and nothing tells. */
    readonly version: string | null;
    readonly dir: string;
  } | null;
}

/**
 * With a version: removes that version's runtimes from the store (of all targets, or of `target`);
 * prefixes keep their files. Without one, or with a prefix: removes the package from the prefix.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when there is nothing to remove, `PIN_INVALID`
 */
export async function uninstallRuntime(options: PrefixOptions = {}): Promise<Uninstalled> {
  const wantsPrefix =
    options.version === undefined || options.prefix !== undefined || options.global === true;
  const gone = {
    runtimes: options.version === undefined ? [] : await removeStored(options, options.version),
    package: wantsPrefix ? await removeInstalled(options) : null,
  };
  if (gone.runtimes.length > 0 || gone.package !== null) return gone;
  throw await nothingThere(options, wantsPrefix);
}

async function nothingThere(
  options: PrefixOptions,
  wantsPrefix: boolean,
): Promise<CodexRuntimeError> {
  const { version, target, name = DEFAULT_PACKAGE_NAME } = options;
  const { home } = settingsOf(options);
  const { prefix } = await layoutOf(options);
  const where = [
    ...(version === undefined
      ? []
      : [
          `no Codex ${version}${target === undefined ? '' : ` for ${target}`} in the store ${home}`,
        ]),
    ...(wantsPrefix ? [`no package ${name} in the prefix ${prefix}`] : []),
  ];
  return new CodexRuntimeError('RELEASE_NOT_FOUND', `There is ${where.join(', and ')}.`, {
    hint: 'Run codex-runtime list to see what is here, and name a prefix with --prefix or -g.',
    fields: { version: version ?? null, prefix: wantsPrefix ? prefix : null },
  });
}

async function removeStored(options: PrefixOptions, text: string): Promise<readonly string[]> {
  const { home } = settingsOf(options);
  const version = parseVersion(text);
  const target = options.target === undefined ? undefined : parseTarget(options.target);
  const removed: string[] = [];
  for (const runtime of await listRuntimes(home)) {
    const { manifest } = runtime;
    if (manifest.version !== version.semver) continue;
    if (target !== undefined && manifest.target !== target.triple) continue;
    // Nobody may be bringing or replacing it meanwhile, nor another uninstall be ahead of this one.
    const gone = await workOnce({
      path: lockPath(home, manifest.version, manifest.target),
      ready: async () => undefined,
      work: async () => {
        if (!(await exists(runtime.dir))) return false;
        await removeRuntime(home, runtime);
        return true;
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (gone) removed.push(runtime.dir);
  }
  return removed;
}

async function removeInstalled(options: PrefixOptions): Promise<Uninstalled['package']> {
  const layout = await layoutOf(options);
  const name = parsePackageName(options.name ?? DEFAULT_PACKAGE_NAME);
  const { home } = settingsOf(options);
  const found = (await loadInstalled(layout, name)) ?? (await findLostPackage(home, layout, name));
  if (found === undefined) return null;
  await uninstallNodePackage(layout, name);
  await forgetPrefix(home, {
    prefix: layout.prefix,
    global: layout.global,
    name,
  });
  return { name, version: found.version, dir: found.dir };
}
