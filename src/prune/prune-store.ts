import { sep } from 'node:path';
import { throwIfAborted } from '../abort.ts';
import type { Variant } from '../asset.ts';
import { ignoreMissing } from '../disk/errno.ts';
import { realPath } from '../disk/real-path.ts';
import { prunePartials } from '../fetch/index.ts';
import { runningExecutables } from '../machine/index.ts';
import {
  type KnownPrefix,
  loadInstalled,
  loadKnownPrefixes,
  loadPythonRuntime,
  prefixLayout,
} from '../place/index.ts';
import { type RuntimeOptions, type Settings, settingsOf } from '../request/index.ts';
import { forgetUses, homeLayout, lastUsed, listRuntimes, type Runtime } from '../store/index.ts';
import type { Triple } from '../target/index.ts';
import {
  type KeepReason,
  type PruneCandidate,
  type PruneDecision,
  planPrune,
} from './plan-prune.ts';
import { pruneStaging } from './prune-staging.ts';
import { removeUnused } from './remove-unused.ts';
import { treeSize } from './tree-size.ts';

export interface PruneOptions extends Pick<RuntimeOptions, 'home' | 'env' | 'host' | 'signal'> {
  /** How many versions stay, those used last first. Default 0. */
  readonly keep?: number;
  /** Milliseconds without use after which a runtime may go. Default: 30 days, or 0 with `keep`. */
  readonly unusedForMs?: number;
  /** Decide, and remove nothing. Default false. */
  readonly dryRun?: boolean;
}

/** A runtime of the store, and what became of it. */
export interface PrunedRuntime {
  /** Semver. */
  readonly version: string;
  readonly target: Triple;
  readonly variant: Variant;
  /** Absolute. */
  readonly dir: string;
  /** ISO 8601. */
  readonly lastUsed: string;
  /** Bytes that its removal frees. */
  readonly bytes: number;
  /** Why it stays; empty when it goes. */
  readonly reasons: readonly KeepReason[];
}

export interface PruneResult {
  readonly dryRun: boolean;
  /** What is gone; with `dryRun` what would go. */
  readonly removed: readonly PrunedRuntime[];
  readonly kept: readonly PrunedRuntime[];
  /** Absolute paths of directories that killed processes left under construction. */
  readonly staging: readonly string[];
  /** Bytes on the disk that became free, of everything together. */
  readonly freed: number;
  /** Whether it could be asked which processes run; false on systems other than Linux. */
  readonly processesChecked: boolean;
}

const DAY_MS = 86_400_000;
/** An interrupted download is worth continuing for a while. */
const PARTIALS_FOR_MS = 7 * DAY_MS;

/**
 * Removes runtimes that nobody needs, stale partial downloads and dead staging directories. What a
 * prefix links, a known prefix has, or a process runs stays in any case.
 * @throws CodexRuntimeError `PERMISSION_DENIED`, `INSTALL_FAILED`, `ABORTED`
 */
export async function pruneStore(options: PruneOptions = {}): Promise<PruneResult> {
  const settings = settingsOf(options);
  const { home } = settings;
  const dryRun = options.dryRun ?? false;
  const keep = options.keep ?? 0;
  const unusedForMs = options.unusedForMs ?? (options.keep === undefined ? 30 * DAY_MS : 0);
  const running = await runningExecutables(settings.host.platform);
  const policy = { keep, unusedForMs };
  const decisions = planPrune(await candidates(settings, running), policy, new Date());
  const outcomes: PrunedRuntime[] = [];
  for (const decision of decisions) {
    throwIfAborted(options.signal);
    const late =
      decision.reasons.length === 0 && !dryRun
        ? await removeUnused(home, decision.runtime, policy, options.signal)
        : [];
    outcomes.push(prunedRuntime({ ...decision, reasons: [...decision.reasons, ...late] }));
  }
  const removed = outcomes.filter(({ reasons }) => reasons.length === 0);
  const staging = await pruneStaging(home, dryRun, options.signal);
  const partials = await prunePartials(
    homeLayout(home).partial,
    Math.min(PARTIALS_FOR_MS, options.unusedForMs ?? PARTIALS_FOR_MS),
    { dryRun },
  );
  if (!dryRun)
    await forgetUses(
      home,
      (await listRuntimes(home)).map(({ manifest }) => manifest),
    );
  return {
    dryRun,
    removed,
    kept: outcomes.filter(({ reasons }) => reasons.length > 0),
    staging: staging.paths,
    freed: removed.reduce((sum, { bytes }) => sum + bytes, staging.freed + partials),
    processesChecked: running !== null,
  };
}

async function candidates(
  settings: Settings,
  running: readonly string[] | null,
): Promise<readonly PruneCandidate[]> {
  const { home, host } = settings;
  const installed = await Promise.all(
    (await loadKnownPrefixes(home)).map((known) => installedIn(known, host.platform)),
  );
  const inPrefix = ({ manifest }: Runtime): boolean =>
    installed.some(
      (found) => found?.version === manifest.version && found.target === manifest.target,
    );
  return await Promise.all(
    (await listRuntimes(home)).map(async (runtime) => ({
      runtime,
      lastUsed: await lastUsed(home, runtime),
      ...(await treeSize(runtime.dir)),
      installed: inPrefix(runtime),
      running: await runsFrom(runtime.dir, running),
    })),
  );
}

async function installedIn(known: KnownPrefix, platform: string) {
  if (known.python !== undefined) return await loadPythonRuntime(known.python.dir);
  return (await loadInstalled(prefixLayout({ ...known, platform }), known.name))?.runtime;
}

async function runsFrom(dir: string, running: readonly string[] | null): Promise<boolean> {
  if (running === null) return false;
  // Another process may have removed it meanwhile.
  const real = await realPath(dir).catch(ignoreMissing);
  return real !== undefined && running.some((path) => path.startsWith(`${real}${sep}`));
}

function prunedRuntime({ runtime, lastUsed: used, own, reasons }: PruneDecision): PrunedRuntime {
  const { version, target, variant } = runtime.manifest;
  const { dir } = runtime;
  return { version, target, variant, dir, lastUsed: used.toISOString(), bytes: own, reasons };
}
