import { sameCommands } from '../child/same-command.ts';
import { shellWord } from '../child/shell-word.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import { DEFAULT_PACKAGE_NAME } from '../package/stage/index.ts';
import { parseVersion } from '../pin/index.ts';
import {
  layoutOf,
  namesPrefix,
  openPlace,
  type Place,
  type PlaceOptions,
  type PrefixOptions,
  type Removed,
  verifyVisiblePrefix,
} from '../place/index.ts';
import { type Settings, settingsOf } from '../request/index.ts';
import {
  type HoldWait,
  holdPath,
  listRuntimes,
  mayComeBack,
  type RuntimeKey,
  removeRuntime,
  restoreReplaced,
  verifyVisible,
  workOnce,
} from '../store/index.ts';
import { parseTarget, TARGETS } from '../target/index.ts';
import { type ListedPrefix, type Listing, listKnown } from './list-installed.ts';

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
  readonly package: Removed | null;
  /** Where the same version still is. */
  readonly kept: readonly KeptRuntime[];
}

/**
 * With a version: removes that version's runtimes from the store (of all targets, or of `target`);
 * prefixes keep their files. Without one, or with `prefix`, `global` or `name`: removes the package
 * from the prefix, with a version only if it is of that one. With `ecosystem: 'python'` it removes
 * the package from the environment, or from the directory `prefix`: of a directory only what we or
 * pip installed of it goes.
 * @throws CodexRuntimeError `RELEASE_NOT_FOUND` when there is nothing to remove, or the prefix has
 * another version or target, and then nothing is removed; `USAGE` for a target without a version;
 * `PIN_INVALID`
 */
export async function uninstallRuntime(options: PlaceOptions = {}): Promise<Uninstalled> {
  const { version } = options;
  const settings = settingsOf(options);
  if (options.ecosystem === 'python') return await uninstallPython(options, settings);
  if (version === undefined && options.target !== undefined) throw targetAlone(options.target);
  const { home } = settings;
  const wantsPrefix = version === undefined || namesPrefix(options);
  const layout = await layoutOf(options, settings);
  // Its note would be forgotten, and the package stay.
  if (wantsPrefix) await verifyVisiblePrefix(layout);
  const place = wantsPrefix ? await openPlace(options, settings) : undefined;
  if (version !== undefined) await verifyMeant(place, version, options.target);
  const gone = {
    runtimes: version === undefined ? [] : await removeStored(settings, { ...options, version }),
    package: (await place?.remove(await waitFor(place, options))) ?? null,
  };
  const removed = version === undefined ? gone.package?.version : parseVersion(version).semver;
  const kept = removed == null ? [] : await keptRuntimes(settings, removed);
  if (gone.runtimes.length > 0 || gone.package !== null) return { ...gone, kept };
  const { prefix } = layout;
  throw nothingThere({ ...options, home, prefix }, wantsPrefix, kept);
}

/** The store is the same for all, so a version would say nothing of an environment. */
async function uninstallPython(options: PlaceOptions, settings: Settings): Promise<Uninstalled> {
  if (options.version !== undefined || options.target !== undefined) {
    throw new CodexRuntimeError('USAGE', '--ecosystem python takes neither version nor target.', {
      hint: 'Name an interpreter with --python, or a directory with --prefix.',
    });
  }
  const place = await openPlace(options, settings);
  const gone = await place.remove(await waitFor(place, options));
  if (gone === undefined) {
    const prefix = options.prefix ?? options.python ?? (await place.prefix());
    throw new CodexRuntimeError('RELEASE_NOT_FOUND', `${prefix} has no ${place.name}.`, {
      hint: 'Name the interpreter with --python, or the directory with --prefix.',
      fields: { prefix },
    });
  }
  return { runtimes: [], package: gone, kept: [] };
}

async function waitFor(place: Place, { onProgress, signal }: PlaceOptions): Promise<HoldWait> {
  const onWait = tellWaiting(onProgress, `another process is changing ${await place.prefix()}`);
  return { onWait, signal };
}

function targetAlone(target: string): CodexRuntimeError {
  return new CodexRuntimeError('USAGE', '--target applies to the store and needs a version.', {
    hint: 'Name the version too, or leave out --target to remove the package from the prefix.',
    fields: { target },
  });
}

/** Whoever names a version and a prefix means that version there, and no other. */
async function verifyMeant(
  place: Place | undefined,
  text: string,
  targetText: string | undefined,
): Promise<void> {
  const { semver } = parseVersion(text);
  const triple = targetText === undefined ? null : parseTarget(targetText).triple;
  const found = await place?.inspect();
  if (place === undefined || found === undefined) return;
  const { version, target } = found;
  const isMeant =
    (version === null || version === semver) &&
    (triple === null || target === null || target === triple);
  if (isMeant) return;
  const forTarget = target === null ? '' : ` for ${target}`;
  const prefix = await place.prefix();
  throw new CodexRuntimeError(
    'RELEASE_NOT_FOUND',
    `The package ${place.name} in the prefix ${prefix} is Codex ${version}${forTarget}; nothing was removed.`,
    {
      hint: 'Leave the version out to remove what is in the prefix, or the prefix to remove the version from the store.',
      fields: { version: semver, prefix, actual: version, target },
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
  const { runtimes, prefixes } = await listKnown(settings).catch(nothingReadable);
  const stored = runtimes.filter((runtime) => runtime.version === version);
  const installed = prefixes.filter((prefix) => prefix.version === version);
  const kept = [
    ...stored.map(({ dir, target }): KeptRuntime => {
      const command = `codex-runtime uninstall ${version} --target ${target}`;
      return { place: 'store', dir, command };
    }),
    ...installed.map((prefix): KeptRuntime => {
      const command = ['codex-runtime uninstall', ...flagsOf(prefix)].join(' ');
      return { place: 'prefix', dir: prefix.prefix, command };
    }),
  ];
  return kept.map((one) => ({ ...one, command: sameCommands(one.command, settings.named) }));
}

/** What is gone is gone, whether or not the home may be looked into. */
function nothingReadable(error: unknown): Pick<Listing, 'runtimes' | 'prefixes'> {
  if (!isCodexRuntimeError(error, 'PERMISSION_DENIED', 'INSTALL_FAILED')) throw error;
  return { runtimes: [], prefixes: [] };
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
  settings: Settings,
  options: PrefixOptions & { readonly version: string },
): Promise<readonly string[]> {
  const { home } = settings;
  const { semver: version } = parseVersion(options.version);
  const targets = options.target === undefined ? TARGETS : [parseTarget(options.target)];
  const removed: string[] = [];
  for (const { triple: target } of targets) {
    const name = { version, target };
    await verifyVisible(home, name);
    // By its place, not by what lies there: that may be on its way.
    if (!(await mayComeBack(home, name))) continue;
    // Nobody may be bringing or replacing it meanwhile, nor another uninstall be ahead of this one.
    const gone = await workOnce({
      path: holdPath(home, version, target),
      work: async (hold) => {
        await restoreReplaced(home, name, hold);
        return await removeAll(home, name);
      },
      onWait: tellWaiting(
        options.onProgress,
        `another process is at work on Codex ${version} for ${target}`,
      ),
      signal: options.signal,
    });
    removed.push(...gone);
  }
  return removed;
}

/** Removes every variant, whole or not. */
async function removeAll(
  home: string,
  { version, target }: Pick<RuntimeKey, 'version' | 'target'>,
): Promise<readonly string[]> {
  const found = (await listRuntimes(home)).filter(
    ({ manifest }) => manifest.version === version && manifest.target === target,
  );
  for (const runtime of found) await removeRuntime(home, runtime);
  return found.map(({ dir }) => dir);
}
