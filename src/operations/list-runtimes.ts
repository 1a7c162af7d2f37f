import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findLostPackage,
  isHealthy,
  type LostPackage,
  loadInstalled,
  loadKnownPrefixes,
  prefixLayout,
} from '../install/index.ts';
import { type RuntimeOptions, settingsOf } from '../request.ts';
import { isWhole, listRuntimes, MANIFEST_NAME, type Runtime } from '../store/index.ts';
import type { Triple } from '../target/index.ts';

/** A runtime in the store. */
export interface ListedRuntime {
  readonly version: string;
  readonly target: Triple;
  readonly variant: 'package' | 'binary';
  readonly dir: string;
  /** Bytes of its files; shared with the prefixes that link them. */
  readonly size: number;
  readonly channel: string;
  /** Whether every file is as it was verified. */
  readonly whole: boolean;
  /** When it came into the store, ISO 8601. */
  readonly storedAt: string;
}

/** A package in a prefix. */
export interface ListedPrefix {
  readonly prefix: string;
  readonly global: boolean;
  readonly name: string;
  /** Null when a lost package does not tell. */
  readonly version: string | null;
  /** Null with `missing`, as `executable`. */
  readonly target: Triple | null;
  readonly executable: string | null;
  readonly healthy: boolean;
  /** `missing`: it was installed, and something else removed it. */
  readonly state: 'healthy' | 'damaged' | 'missing';
}

export interface Listing {
  readonly runtimes: readonly ListedRuntime[];
  readonly prefixes: readonly ListedPrefix[];
}

/** What is on this machine: the store's runtimes, and the prefixes that hold a package of ours. */
export async function listInstalled(options: RuntimeOptions = {}): Promise<Listing> {
  const settings = settingsOf(options);
  const runtimes: ListedRuntime[] = [];
  for (const runtime of await listRuntimes(settings.home)) {
    runtimes.push(await describeRuntime(runtime));
  }
  const prefixes: ListedPrefix[] = [];
  for (const known of await loadKnownPrefixes(settings.home)) {
    const layout = prefixLayout({ ...known, platform: settings.host.platform });
    const found = await loadInstalled(layout, known.name);
    if (found === undefined) {
      const lost = await findLostPackage(settings.home, layout, known.name);
      if (lost !== undefined) prefixes.push({ ...known, ...describeLost(lost) });
      continue;
    }
    const { version, executable, runtime } = found;
    const healthy = await isHealthy(layout, found);
    const state = healthy ? 'healthy' : 'damaged';
    prefixes.push({ ...known, version, target: runtime.target, executable, healthy, state });
  }
  return { runtimes, prefixes };
}

function describeLost({ version, trace }: LostPackage) {
  const state = trace === 'manifest' ? 'damaged' : 'missing';
  return { version, target: null, executable: null, healthy: false, state } as const;
}

async function describeRuntime({ dir, manifest }: Runtime): Promise<ListedRuntime> {
  const { version, target, variant, origin, files } = manifest;
  const { mtime } = await lstat(join(dir, MANIFEST_NAME));
  return {
    version,
    target,
    variant,
    dir,
    size: files.reduce((sum, file) => sum + file.size, 0),
    channel: origin.channel,
    whole: await isWhole(dir, manifest),
    storedAt: mtime.toISOString(),
  };
}
