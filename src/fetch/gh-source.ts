import { mkdtemp, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { anySignal } from '../abort.ts';
import type { AssetSource } from '../asset.ts';
import { makeDirectory } from '../disk/make-directory.ts';
import { removeTree } from '../disk/until-unblocked.ts';
import type { Environment } from '../request/index.ts';
import type { ByteSource } from './byte-source.ts';
import { createFileSource } from './file-source.ts';
import { runGh } from './gh/index.ts';
import { unavailable } from './http/index.ts';

export interface GhSourceOptions {
  readonly workDir: string;
  readonly env: Environment;
  /** Milliseconds without a byte after which gh is ended. Default 60,000. */
  readonly silence?: number;
}

/**
 * `gh release download`: works where gh is logged in and nothing else is. The asset arrives whole
 * in a directory of its own below `workDir` and is read from there.
 */
export function createGhSource(
  source: Extract<AssetSource, { kind: 'gh' }>,
  asset: string,
  options: GhSourceOptions,
): ByteSource {
  let dir: string | undefined;
  let ready: ByteSource | undefined;
  /** gh has no limit of its own for a proxy or a server that says nothing. */
  const download = async (into: string, signal: AbortSignal): Promise<void> => {
    const { env, silence = 60_000 } = options;
    const watch = watchGrowth(into, silence);
    try {
      await runGh(ghArguments(source, asset, into), {
        env,
        signal: anySignal(signal, watch.signal),
      });
    } catch (error) {
      if (!watch.signal.aborted || signal.aborted) throw error;
      throw unavailable(`gh downloaded nothing of ${asset} for ${silence / 1000} s.`, {
        reason: 'unreachable',
        hint: 'Check the network and the proxy variables (HTTPS_PROXY, NO_PROXY).',
      });
    } finally {
      watch.end();
    }
  };
  return {
    kind: 'gh',
    address: `gh:${source.host}/${source.repo}@${source.tag}/${asset}`,
    async open(range, signal) {
      if (ready === undefined) {
        await makeDirectory(options.workDir);
        dir ??= await mkdtemp(join(options.workDir, 'gh-'));
        await download(dir, signal);
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

/** Fires `signal` when the files in `dir` have not grown for `silence` milliseconds. */
function watchGrowth(dir: string, silence: number) {
  const controller = new AbortController();
  let size = -1;
  let grown = performance.now();
  const timer = setInterval(async () => {
    const now = await sizeOf(dir);
    if (now !== size) grown = performance.now();
    size = now;
    if (performance.now() - grown >= silence) controller.abort();
  }, silence / 10);
  return { signal: controller.signal, end: () => clearInterval(timer) };
}

async function sizeOf(dir: string): Promise<number> {
  const names = await readdir(dir).catch(() => []);
  const sizes = names.map(async (name) => (await stat(join(dir, name)).catch(() => null))?.size);
  return (await Promise.all(sizes)).reduce<number>((sum, size) => sum + (size ?? 0), 0);
}
