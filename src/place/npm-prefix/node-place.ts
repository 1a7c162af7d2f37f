import { join } from 'node:path';
import { isOneFileSystem } from '../../disk/free-space.ts';
import { writtenByOthers } from '../../disk/others.ts';
import { DEFAULT_REPO } from '../../pin/index.ts';
import type { HoldWait } from '../../store/index.ts';
import type { Leftover } from '../builds.ts';
import { forgetPrefix } from '../known-prefixes.ts';
import type { Inspected, Place, PlacedPackage, Removed, Survey } from '../place.ts';
import {
  currentBuild,
  glanceInstalled,
  isHealthy,
  listLeftovers,
  listOtherBuilds,
  loadInstalled,
} from './installed.ts';
import type { PrefixLayout } from './layout.ts';
import { findLostPackage } from './lost-package.ts';
import { prefixFlags } from './prefix-flags.ts';
import { removedBy } from './removed-by.ts';
import { uninstallNodePackage } from './uninstall-node.ts';

/**
 * A package in an npm prefix. What writes is loaded only where something has to be written.
 * @param trusted whose files {@link Place.survey} takes: it may be run; null for everybody's, where
 * the prefix was named
 */
export function nodePlace(
  home: string,
  layout: PrefixLayout,
  name: string,
  trusted: ReadonlySet<number> | null = null,
): Place {
  const dir = join(layout.modules, name);
  const known = { prefix: layout.prefix, global: layout.global, name };
  return {
    ecosystem: 'node',
    name,
    flags: prefixFlags(layout, name),
    prefix: async () => layout.prefix,
    survey: (signal) => survey(layout, name, { trusted, signal }),
    copies: async () => ((await isOneFileSystem(home, layout.prefix)) ? [] : [layout.prefix]),
    async accept({ target, force }) {
      const { verifyPrefix } = await import('./verify-prefix.ts');
      await verifyPrefix(layout, { name, target, force });
    },
    async install({ request, runtime, templatesDir, onWait }) {
      const { planPackage } = await import('../../package/stage/index.ts');
      const { installNodePackage } = await import('./node.ts');
      const plan = await planPackage({ runtime, ecosystem: 'node', name, templatesDir });
      const { force, signal } = request;
      const onLeftover = (leftover: Leftover) =>
        request.onProgress?.({ type: 'leftover', ...leftover });
      const wanted = { plan, layout, force, onLeftover, onWait, signal };
      const installed = await installNodePackage(wanted);
      return {
        ...installed,
        prefix: layout.prefix,
        removedBy: await removedBy(layout, name),
        withoutLinks: (await currentBuild(layout, name)) === undefined,
      };
    },
    async settle() {
      if ((await listLeftovers(layout, name)).length === 0) return;
      const { tidyPrefix } = await import('./node.ts');
      await tidyPrefix(layout, name);
    },
    async remove(wait: HoldWait): Promise<Removed | undefined> {
      const found = await inspect(home, layout, name);
      // An uninstallation while the program ran has left its files.
      const isAnything = found !== undefined || (await listOtherBuilds(layout, name)).length > 0;
      if (!isAnything) return undefined;
      const { leftovers } = await uninstallNodePackage(layout, name, wait);
      await forgetPrefix(home, known);
      return { name, version: found?.version ?? null, dir, leftovers };
    },
    inspect: () => inspect(home, layout, name),
    known: () => known,
  };
}

async function survey(
  layout: PrefixLayout,
  name: string,
  { trusted, signal }: { trusted: ReadonlySet<number> | null; signal: AbortSignal | undefined },
): Promise<Survey> {
  const there = await glanceInstalled(layout, name);
  const found =
    there !== undefined && writtenByOthers(there.dir, trusted) === undefined ? there : undefined;
  let looking: Promise<PlacedPackage | undefined> | undefined;
  const look = async () => {
    if (found === undefined || !(await isHealthy(layout, found, signal))) return undefined;
    return { ...found, prefix: layout.prefix };
  };
  return {
    runtime: found?.runtime,
    healthy: () => {
      looking ??= look();
      return looking;
    },
    damaged: async () => found,
  };
}

async function inspect(
  home: string,
  layout: PrefixLayout,
  name: string,
): Promise<Inspected | undefined> {
  const found = await loadInstalled(layout, name);
  if (found !== undefined) {
    const { dir, version, executable, runtime } = found;
    const { target, repo = DEFAULT_REPO } = runtime;
    const state = (await isHealthy(layout, found)) ? 'healthy' : 'damaged';
    return { state, dir, version, repo, target, executable };
  }
  const lost = await findLostPackage(home, layout, name);
  if (lost === undefined) return undefined;
  const state = lost.trace === 'manifest' ? 'damaged' : 'missing';
  const { dir, version } = lost;
  return { state, dir, version, repo: null, target: null, executable: null };
}
