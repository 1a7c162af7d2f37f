import { join } from 'node:path';
import { exists } from '../disk/exists.ts';
import { CodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import {
  findLostPackage,
  forgetPrefix,
  type Leftover,
  layoutOf,
  listOtherBuilds,
  loadInstalled,
  namesPrefix,
  type PrefixLayout,
  type PrefixOptions,
  uninstallNodePackage,
} from '../install/index.ts';
import { parseVersion } from '../pin/index.ts';
import { settingsOf } from '../request/index.ts';
import type { Settings } from '../settings.ts';
import { shellWord } from '../shell-word.ts';
import { parsePackageName } from '../stage/index.ts';
import { DEFAULT_PACKAGE_NAME } from '../stage/package-names.ts';
import { holdPath, listRuntimes, removeRuntime, workOnce } from '../store/index.ts';
import { parseTarget, type Triple } from '../target/index.ts';
import { type ListedPrefix, listKnown } from './list-installed.ts';

/** Where a version is still installed, and the command that removes it there. */
export interface KeptRuntime {
  readonly place: 'store' | 'prefix';
  /** Absolute path of the runtime in the store, or of the prefix or Python environment. */
  readonly dir: string;
  readonly command: string;
}

/** What is gone, and what is not. */
export interface Uninstalled {
  /** Absolute paths of runtimes that left the store. */
  readonly runtimes: readonly string[];
  /** The package that left its prefix; null where none was asked for. */
  readonly package: {
    readonly name: string;
    /** Null when it was lost before and nothing tells. */
    readonly version: string | null;
    readonly dir: string;
    /**
     * Absolute paths of files that could not be removed, on Windows because a program runs from
     * there: the next installation or removal in this prefix removes them.
     */
    readonly leftovers: readonly Leftover[];
  } | null;
  /** Where the same version still is. */
  readonly kept: readonly KeptRuntime[];
}

/** The package of a prefix that is to go, whole or what is left of it. */
interface FoundPackage {
  readonly layout: PrefixLayout;
  readonly name: string;
  /** Null where nothing tells. */
  readonly version: string | null;
  /** Null where nothing tells. */
  readonly target: Triple | null;
  readonly dir: string;
}

/**
 * With a version: removes that version's runtimes from the store (of all targets, or of `target`);
 * prefixes keep their files. Without one, or with `prefix`, `global` or `name`: removes the package
 * from the prefix, with a version only if it is of that one.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when there is nothing to remove, or the prefix has
 * another version or target, and then nothing is removed; `USAGE` for a target without a version;
 * `PIN_INVALID`
 */
export async function uninstallRuntime(options: PrefixOptions = {}): Promise<Uninstalled> {
  const { version } = options;
  if (version === undefined && options.target !== undefined) throw targetAlone(options.target);
  const settings = settingsOf(options);
  const { home } = settings;
  const wantsPrefix = version === undefined || namesPrefix(options);
  const found = wantsPrefix ? await findPackage(settings, options) : undefined;
  if (version !== undefined && found !== undefined) verifyMeant(found, version, options.target);
  const gone = {
    runtimes: version === undefined ? [] : await removeStored(home, { ...options, version }),
    package: found === undefined ? null : await removePackage(home, found, options),
  };
  const removed = version === undefined ? gone.package?.version : parseVersion(version).semver;
  const kept = removed == null ? [] : await keptRuntimes(settings, removed);
  if (gone.runtimes.length > 0 || gone.package !== null) return { ...gone, kept };
  const { prefix } = await layoutOf(options, settings);
  throw nothingThere({ ...options, home, prefix }, wantsPrefix, kept);
}

function targetAlone(target: string): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', '--target applies to the store and needs a version.', {
    hint: 'Name the version too, or leave out --target to remove the package from the prefix.',
    fields: { target },
  });
}

/** Whoever names a version and a prefix means that version there, and no other. */
function verifyMeant(found: FoundPackage, text: string, targetText: string | undefined): void {
  const { name, layout, version, target } = found;
  const { semver } = parseVersion(text);
  const triple = targetText === undefined ? null : parseTarget(targetText).triple;
  const isMeant =
    (version === null || version === semver) &&
    (triple === null || target === null || target === triple);
  if (isMeant) return;
  const forTarget = target === null ? '' : ` for ${target}`;
  throw new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `The package ${name} in the prefix ${layout.prefix} is Codex ${version}${forTarget}; nothing was removed.`,
    {
      hint: 'Leave the version out to remove what is in the prefix, or the prefix to remove the version from the store.',
      fields: { version: semver, prefix: layout.prefix, actual: version, target },
    },
  );
}

function nothingThere(
  options: PrefixOptions & { readonly home: string; readonly prefix: string },
  wantsPrefix: boolean,
  kept: readonly KeptRuntime[],
): CodexRuntimeError {
  const { version, target, name = DEFAULT_PACKAGE_NAME, home, prefix } = options;
  const where = [
    ...(version === undefined
      ? []
      : [
          `no Codex ${version}${target === undefined ? '' : ` for ${target}`} in the store ${home}`,
        ]),
    ...(wantsPrefix ? [`no package ${name} in the prefix ${prefix}`] : []),
  ];
  return new CodexRuntimeError('RELEASE_NOT_FOUND', `There is ${where.join(', and ')}.`, {
    hint:
      kept.length > 0
        ? `It is in ${kept.map(({ dir, command }) => `${dir}: run "${command}"`).join('; ')}.`
        : 'Run "codex-runtime list" to see what is installed, and name a prefix with --prefix or -g.',
    fields: { version: version ?? null, prefix: wantsPrefix ? prefix : null },
  });
}

/**
 * Where a version still is: `install` puts it into the store and a prefix, and each is removed by
 * name, because other projects may use the other.
 */
async function keptRuntimes(settings: Settings, version: string): Promise<readonly KeptRuntime[]> {
  const { runtimes, prefixes } = await listKnown(settings);
  const stored = runtimes.filter((runtime) => runtime.version === version);
  const installed = prefixes.filter((prefix) => prefix.version === version);
  return [
    ...stored.map(({ dir, target }): KeptRuntime => {
      const command = `codex-runtime uninstall ${version} --target ${target}`;
      return { place: 'store', dir, command };
    }),
    ...installed.map((prefix): KeptRuntime => {
      const command = ['codex-runtime uninstall', ...flagsOf(prefix)].join(' ');
      return { place: 'prefix', dir: prefix.prefix, command };
    }),
  ];
}

function flagsOf({ prefix, global, ecosystem, python, name }: ListedPrefix): readonly string[] {
  return [
    ...(ecosystem === 'python' ? ['--ecosystem python'] : []),
    python === null ? `--prefix ${shellWord(prefix)}` : `--python ${shellWord(python)}`,
    ...(global ? ['-g'] : []),
    ...(name === DEFAULT_PACKAGE_NAME ? [] : [`--name ${name}`]),
  ];
}

async function removeStored(
  home: string,
  options: PrefixOptions & { readonly version: string },
): Promise<readonly string[]> {
  const version = parseVersion(options.version);
  const target = options.target === undefined ? undefined : parseTarget(options.target);
  const removed: string[] = [];
  for (const runtime of await listRuntimes(home)) {
    const { manifest } = runtime;
    if (manifest.version !== version.semver) continue;
    if (target !== undefined && manifest.target !== target.triple) continue;
    // Nobody may be bringing or replacing it meanwhile, nor another uninstall be ahead of this one.
    const gone = await workOnce({
      path: holdPath(home, manifest.version, manifest.target),
      work: async () => {
        if (!(await exists(runtime.dir))) return false;
        await removeRuntime(home, runtime);
        return true;
      },
      onWait: tellWaiting(
        options.onProgress,
        `another process is at work on Codex ${manifest.version} for ${manifest.target}`,
      ),
      signal: options.signal,
    });
    if (gone) removed.push(runtime.dir);
  }
  return removed;
}

async function findPackage(
  settings: Settings,
  options: PrefixOptions,
): Promise<FoundPackage | undefined> {
  const { home } = settings;
  const layout = await layoutOf(options, settings);
  const name = parsePackageName(options.name ?? DEFAULT_PACKAGE_NAME);
  const installed = await loadInstalled(layout, name);
  if (installed !== undefined) {
    const { version, dir, runtime } = installed;
    return { layout, name, version, target: runtime.target, dir };
  }
  const lost = await findLostPackage(home, layout, name);
  if (lost !== undefined) {
    return { layout, name, version: lost.version, target: null, dir: lost.dir };
  }
  // An uninstallation while the program ran has left its files.
  if ((await listOtherBuilds(layout, name)).length === 0) return undefined;
  return { layout, name, version: null, target: null, dir: join(layout.modules, name) };
}

async function removePackage(
  home: string,
  { layout, name, version, dir }: FoundPackage,
  { onProgress, signal }: PrefixOptions,
): Promise<Uninstalled['package']> {
  const { prefix, global } = layout;
  const onWait = tellWaiting(onProgress, `another process is changing ${prefix}`);
  const { leftovers } = await uninstallNodePackage(layout, name, { onWait, signal });
  await forgetPrefix(home, { prefix, global, name });
  return { name, version, dir, leftovers };
}
