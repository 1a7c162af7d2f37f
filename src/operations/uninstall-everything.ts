import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk/disk-error.ts';
import { listNames } from '../disk/list-names.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { CodexRuntimeError, isCodexRuntimeError } from '../errors.ts';
import { tellWaiting } from '../events.ts';
import { type KnownPrefix, loadKnownPrefixes, notedPlace } from '../place/index.ts';
import { type RuntimeOptions, type Settings, settingsOf } from '../request/index.ts';
import { holdState, homeLayout } from '../store/index.ts';
import { type ListedPrefix, listKnown } from './list-installed.ts';
import { uninstallRuntime } from './uninstall-runtime.ts';

export interface EverythingOptions extends RuntimeOptions {
  /** Say what would go, and remove nothing. Default false. */
  readonly dryRun?: boolean;
}

/** All of ours that was on this machine. */
export interface UninstalledEverything {
  /** Absolute paths of the runtimes that left the store. */
  readonly runtimes: readonly string[];
  /** The packages that left their prefixes and Python environments. */
  readonly prefixes: readonly Pick<ListedPrefix, 'prefix' | 'name' | 'version' | 'ecosystem'>[];
  /** What else of the home went; absolute paths. */
  readonly home: readonly string[];
  /** Whether nothing was removed, because a preview was asked for. */
  readonly dryRun: boolean;
}

/**
 * Removes every package from the prefixes and Python environments that the home knows, every stored
 * runtime, interrupted downloads, and what else we keep in the home; whatever others keep there stays.
 * @throws CodexRuntimeError `STORE_BUSY` while another process works in this home, and then nothing
 * is removed; `PERMISSION_DENIED`, `INSTALL_FAILED`, `ABORTED`
 */
export async function uninstallEverything(
  options: EverythingOptions = {},
): Promise<UninstalledEverything> {
  const { dryRun = false, ...here } = options;
  const settings = settingsOf(here);
  const { home } = settings;
  const { runtimes, prefixes } = await listKnown(settings);
  await refuseBusy(home);
  const present: readonly string[] = await listNames(home);
  const ours = OURS.filter((name) => present.includes(name)).map((name) => join(home, name));
  const plan = {
    runtimes: runtimes.map(({ dir }) => dir),
    prefixes: prefixes.map(({ prefix, name, version, ecosystem }) => {
      return { prefix, name, version, ecosystem };
    }),
    home: ours,
    dryRun,
  };
  if (dryRun) return plan;
  for (const known of await loadKnownPrefixes(home)) await removePackage(here, settings, known);
  for (const version of new Set(runtimes.map((runtime) => runtime.version))) {
    await unlessGone(uninstallRuntime({ ...here, version }));
  }
  try {
    for (const name of OURS) await removeTree(join(home, name));
    // Whoever named the home may keep more there.
    await rmdir(home).catch(() => undefined);
  } catch (error) {
    throw diskError(error, 'remove', home);
  }
  return plan;
}

/** All that a home has of ours, whichever command made it. */
const OURS = ['store', 'partial', 'staging', 'used', 'prefixes', 'tuf', 'locks'] as const;

async function removePackage(
  { onProgress, signal }: RuntimeOptions,
  settings: Settings,
  known: KnownPrefix,
): Promise<void> {
  const place = await notedPlace(settings, known);
  const onWait = tellWaiting(onProgress, `another process is changing ${known.prefix}`);
  await place.remove({ onWait, signal });
}

/** What another process has removed meanwhile is gone, as it should be. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isCodexRuntimeError(error, 'RELEASE_NOT_FOUND')) throw error;
  });
}

async function refuseBusy(home: string): Promise<void> {
  const { holds } = homeLayout(home);
  for (const name of await listNames(holds)) {
    if (!name.endsWith('.lock')) continue;
    const path = join(holds, name.slice(0, -'.lock'.length));
    const state = await holdState(path);
    if (state?.state !== 'held') continue;
    throw new CodexRuntimeError('STORE_BUSY', `Another process is at work in ${home}.`, {
      hint: 'Wait until it has ended, or end it, and run the command again.',
      fields: { path: `${path}.lock` },
    });
  }
}
