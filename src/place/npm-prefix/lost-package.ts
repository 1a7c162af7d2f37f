import { dirname, join } from 'node:path';
import { exists } from '../../disk/exists.ts';
import { tryParseVersion } from '../../pin/index.ts';
import { MANIFEST_NAME } from '../../store/index.ts';
import { isKnownPrefix } from '../known-prefixes.ts';
import { linkedBuild, loadInstalled } from './installed.ts';
import type { PrefixLayout } from './layout.ts';
import { loadOurEntry } from './prefix-json.ts';

/** A package that was installed into a prefix, and is not there any more or cannot be read. */
export interface LostPackage {
  readonly name: string;
  /** `<node_modules>/<name>`. */
  readonly dir: string;
  /** Semver, where what is left says it. */
  readonly version: string | null;
  /** What tells of it: a `runtime.json` nobody can read, its link, its entry, or the home's note. */
  readonly trace: 'manifest' | 'link' | 'package.json' | 'note';
}

/**
 * The package that a prefix lost: `npm ci` empties `node_modules`, `npm install` removes what a
 * package.json does not name, and both do so silently. Undefined where the package is present,
 * whole or not, where there never was one, and where the prefix itself is gone.
 * @param home where the prefixes are noted
 */
export async function findLostPackage(
  home: string,
  layout: PrefixLayout,
  name: string,
): Promise<LostPackage | undefined> {
  if ((await loadInstalled(layout, name)) !== undefined) return undefined;
  const dir = join(layout.modules, name);
  const lost = { name, dir };
  const link = await linkedBuild(layout, name);
  const version = link === undefined ? null : versionOf(link);
  if (await exists(join(dir, MANIFEST_NAME))) return { ...lost, version, trace: 'manifest' };
  if (link !== undefined) return { ...lost, version, trace: 'link' };
  const entry = await loadOurEntry(layout, name);
  if (entry !== undefined) return { ...lost, version: versionOf(entry), trace: 'package.json' };
  // What is there instead is a package of somebody else's.
  if ((await exists(dir)) || !(await exists(layout.prefix))) return undefined;
  const { prefix, global } = layout;
  const noted = await isKnownPrefix(home, { prefix, global, name });
  return noted ? { ...lost, version: null, trace: 'note' } : undefined;
}

/** The package lies in `<version>-<id>`; a build of an earlier codex-runtime is that directory itself. */
function versionOf(build: string): string | null {
  for (let dir = build; dir !== dirname(dir); dir = dirname(dir)) {
    const [, text] =
      /([^\\/]+)-(?:[0-9a-f]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(dir) ?? [];
    if (text !== undefined) return tryParseVersion(text)?.semver ?? null;
  }
  return null;
}
