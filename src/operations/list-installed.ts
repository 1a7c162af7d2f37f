import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Variant } from '../asset.ts';
import { ignoreMissing } from '../disk/errno.ts';
import {
  type FoundCodex,
  findCodexes,
  type RunningServer,
  runningServers,
} from '../machine/index.ts';
import { DEFAULT_REPO } from '../pin/index.ts';
import { type KnownPrefix, loadKnownPrefixes, notedPlace } from '../place/index.ts';
import {
  type Ecosystem,
  type RuntimeOptions,
  type Settings,
  settingsOf,
} from '../request/index.ts';
import { isWhole, listRuntimes, MANIFEST_NAME, type Runtime } from '../store/index.ts';
import type { Triple } from '../target/index.ts';

/** A runtime in the store. */
export interface ListedRuntime {
  /** Semver. */
  readonly version: string;
  /** `owner/name` whose release it is. */
  readonly repo: string;
  readonly target: Triple;
  readonly variant: Variant;
  /** Absolute. */
  readonly dir: string;
  /** Bytes of its files; shared with the prefixes that link them. */
  readonly size: number;
  /** The channel that it came from. */
  readonly channel: string;
  /** Whether every file is as it was verified. */
  readonly whole: boolean;
  /** When it came into the store, ISO 8601. */
  readonly storedAt: string;
}

/** A package in a prefix, or in a Python environment or directory. */
export interface ListedPrefix {
  /** Absolute. */
  readonly prefix: string;
  /** Whether it has npm's global layout. */
  readonly global: boolean;
  readonly ecosystem: Ecosystem;
  /** The interpreter whose own environment it is in; null for a directory and for npm's layouts. */
  readonly python: string | null;
  /** Name of the package. */
  readonly name: string;
  /** Semver; null when a lost package does not tell. */
  readonly version: string | null;
  /** `owner/name` whose release it is; null when nothing tells. */
  readonly repo: string | null;
  /** Null where `runtime.json` is gone or cannot be understood. */
  readonly target: Triple | null;
  /** Absolute path of the native executable; null as `target` is. */
  readonly executable: string | null;
  /** Whether `state` is `healthy`. */
  readonly healthy: boolean;
  /** `damaged`: files or links are not as installed. `missing`: something else removed it. */
  readonly state: 'healthy' | 'damaged' | 'missing';
}

export interface Listing {
  readonly runtimes: readonly ListedRuntime[];
  readonly prefixes: readonly ListedPrefix[];
}

/**
 * What is on this machine: the store's runtimes, and the prefixes that hold a package of ours. A
 * Python package that is gone is not listed: to remove it is pip's business too.
 */
export async function listInstalled(options: RuntimeOptions = {}): Promise<Listing> {
  return await listKnown(settingsOf(options));
}

/** As {@link Listing}, and every other Codex of this machine. */
export interface WholeListing extends Listing {
  /** What is on PATH, in its order, and then what lies where other tools install Codex. */
  readonly codexes: readonly FoundCodex[];
  /** The app-servers of this user that run; null where the platform does not tell. */
  readonly servers: readonly RunningServer[] | null;
}

/** {@link listInstalled}, and what did not come from here: nothing is run or changed. */
export async function listEverything(options: RuntimeOptions = {}): Promise<WholeListing> {
  const settings = settingsOf(options);
  return {
    ...(await listKnown(settings)),
    codexes: await findCodexes(settings),
    servers: await runningServers(settings),
  };
}

/** {@link listInstalled} for settings that were read already. */
export async function listKnown(settings: Settings): Promise<Listing> {
  const runtimes: ListedRuntime[] = [];
  for (const runtime of await listRuntimes(settings.home)) {
    const described = await describeRuntime(runtime);
    if (described !== undefined) runtimes.push(described);
  }
  const prefixes: ListedPrefix[] = [];
  for (const known of await loadKnownPrefixes(settings.home)) {
    const prefix = await describePlace(known, settings);
    if (prefix !== undefined) prefixes.push(prefix);
  }
  return { runtimes, prefixes };
}

async function describePlace(
  known: KnownPrefix,
  settings: Settings,
): Promise<ListedPrefix | undefined> {
  const found = await (await notedPlace(settings, known)).inspect();
  if (found === undefined) return undefined;
  const { prefix, global, name, python } = known;
  const { dir: _, state, ...runtime } = found;
  return {
    ...{ prefix, global, name },
    ecosystem: python === undefined ? 'node' : 'python',
    python: python?.interpreter ?? null,
    ...runtime,
    healthy: state === 'healthy',
    state,
  };
}

/** Undefined for one that was removed meanwhile. */
async function describeRuntime({ dir, manifest }: Runtime): Promise<ListedRuntime | undefined> {
  const { version, repo = DEFAULT_REPO, target, variant, origin, files } = manifest;
  const stats = await lstat(join(dir, MANIFEST_NAME)).catch(ignoreMissing);
  if (stats === undefined) return undefined;
  return {
    version,
    repo,
    target,
    variant,
    dir,
    size: files.reduce((sum, file) => sum + file.size, 0),
    channel: origin.channel,
    whole: await isWhole(dir, manifest),
    storedAt: stats.mtime.toISOString(),
  };
}
