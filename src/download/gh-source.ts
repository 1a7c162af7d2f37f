import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssetSource } from '../asset.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import { runGh } from '../gh/index.ts';
import type { Environment } from '../settings.ts';
import type { ByteSource } from './byte-source.ts';
import { createFileSource } from './file-source.ts';

/**
 * `gh release download`: works where gh is logged in and nothing else is. The asset arrives whole
 * in a directory of its own below `workDir` and is read from there.
 */
export function createGhSource(
  source: Extract<AssetSource, { kind: 'gh' }>,
  asset: string,
  options: { readonly workDir: string; readonly env: Environment },
): ByteSource {
  let dir: string | undefined;
  let ready: ByteSource | undefined;
  return {
    kind: 'gh',
    address: `gh:${source.host}/${source.repo}@${source.tag}/${asset}`,
    async open(range, signal) {
      if (ready === undefined) {
        dir ??= await mkdtemp(join(options.workDir, 'gh-'));
        await runGh(ghArguments(source, asset, dir), { env: options.env, signal });
        ready = createFileSource(join(dir, asset), 'gh');
      }
      return ready.open(range, signal);
    },
    async close() {
      if (dir !== undefined) await removeTree(dir);
    },
  };
}

/**
 * Every value that comes from outside is attached to its option with `=` or stands after `--`, so
 * that a tag or a name that starts with a dash stays a value; `--pattern` is a glob.
 */
export function ghArguments(
  { host, repo, tag }: Extract<AssetSource, { kind: 'gh' }>,
  asset: string,
  dir: string,
): string[] {
  const pattern = asset.replace(/[\\*?[\]{}]/g, '\\$&');
  const command = ['release', 'download', `--repo=${host}/${repo}`, `--pattern=${pattern}`];
  return [...command, `--dir=${dir}`, '--', tag];
}
