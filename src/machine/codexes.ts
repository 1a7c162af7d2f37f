import { realPath } from '../disk/real-path.ts';
import type { Settings } from '../request/index.ts';
import { type CodexOwner, ownerOf } from './codex-owner.ts';
import { findInKnownPlaces } from './known-places.ts';
import { findOnPath } from './on-path.ts';
import { type OwnerCommands, ownerCommands } from './owner-commands.ts';

/** A Codex of this machine, and whose it is. */
export interface FoundCodex extends CodexOwner, OwnerCommands {
  /** Absolute, as it was found; links are not followed. */
  readonly path: string;
  /** Whether it is a command on PATH; the first one of these is what a shell runs. */
  readonly onPath: boolean;
}

/** Every `codex` on PATH, in its order. */
export async function codexesOnPath({ env, host }: Settings): Promise<readonly FoundCodex[]> {
  const paths = await findOnPath(env, host.platform);
  return Promise.all(paths.map((path) => describe(path, true)));
}

/** As {@link codexesOnPath}, and then what lies where the known tools install Codex. */
export async function findCodexes(settings: Settings): Promise<readonly FoundCodex[]> {
  const onPath = await codexesOnPath(settings);
  const seen = new Set(await Promise.all(onPath.map(({ path }) => realPath(path))));
  const others: FoundCodex[] = [];
  for (const path of await findInKnownPlaces(settings)) {
    const real = await realPath(path);
    if (seen.has(real)) continue;
    seen.add(real);
    others.push(await describe(path, false));
  }
  return [...onPath, ...others];
}

async function describe(path: string, onPath: boolean): Promise<FoundCodex> {
  const owner = await ownerOf(path);
  return { path, onPath, ...owner, ...ownerCommands(owner) };
}
