import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkHealing } from './crash.ts';
import type { Figures } from './experiment.ts';
import {
  COMMAND,
  type Ended,
  installWords,
  makeSite,
  NEW,
  runCommand,
  runProgram,
  type Site,
  startReleases,
} from './site.ts';
import { prefixVersion, storeHas } from './site-state.ts';

export interface FullDiskOptions {
  /** Sizes of the small file system in KiB: some too small, one that is enough. */
  readonly sizes: readonly number[];
}

/** Bytes of the executable, which no compression makes smaller. */
const EXECUTABLE_BYTES = 1_000_000;

/** Why no small file system can be made here; null where it can. */
export function whyNoTmpfs(): string | null {
  if (process.platform !== 'linux') return 'file systems of a size are made on Linux only';
  if (process.getuid?.() !== 0) return 'only root may mount a small file system';
  const dir = mkdtempSync(join(tmpdir(), 'codex-tmpfs-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir]);
  spawnSync('umount', [dir]);
  rmdirSync(dir);
  return status === 0 ? null : 'mounting is not allowed here';
}

/**
 * Installs onto file systems that are too small for it: first the home, then the prefix. A run
 * succeeds whole or says that the disk is full; with more room the next run does the rest.
 */
export async function fillDisks(options: FullDiskOptions): Promise<Figures> {
  await using github = await startReleases({ padding: EXECUTABLE_BYTES });
  const figures = { runs: 0, full: 0, enough: 0 };
  const failures: string[] = [];
  const count = (ended: Ended, what: string) => {
    figures.runs += 1;
    const verdict = verdictOn(ended);
    if (verdict === undefined)
      failures.push(`${what}: ${ended.status ?? ended.signal} ${ended.stdout}`);
    else figures[verdict] += 1;
    return verdict;
  };
  for (const part of ['home', 'prefix'] as const) {
    for (const size of options.sizes) {
      await using site = await makeSite(github);
      await mkdir(site[part], { recursive: true });
      mount(['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', site[part]]);
      try {
        const verdict = count(await runCommand(site, installWords(site, NEW)), `${part} ${size}k`);
        await checkWhole(site, verdict === 'enough');
        mount(['-o', 'remount,size=64m', site[part]]);
        await checkHealing(site, null);
      } catch (error) {
        failures.push(`${part} of ${size} KiB: ${error}`);
      } finally {
        spawnSync('umount', [site[part]]);
      }
    }
  }
  for (const blocks of [8, 64, 1024]) {
    await using site = await makeSite(github);
    const words = [process.execPath, COMMAND, ...installWords(site, NEW)];
    const script = `ulimit -f ${blocks}; exec "$@"`;
    const ended = await runProgram('/bin/sh', ['-c', script, 'sh', ...words], site.env);
    if (count(ended, `ulimit -f ${blocks}`) !== 'full') failures.push(`ulimit -f ${blocks} passed`);
    await checkWhole(site, false).catch((error) => failures.push(`ulimit -f ${blocks}: ${error}`));
    await checkHealing(site, null).catch((error) => failures.push(`ulimit -f ${blocks}: ${error}`));
  }
  return { figures, failures };
}

function verdictOn({ status, stdout }: Ended): 'full' | 'enough' | undefined {
  if (status === 0) return 'enough';
  if (stdout === '') return undefined;
  const { code } = JSON.parse(stdout) as { code?: unknown };
  return status === 8 && code === 'DISK_FULL' ? 'full' : undefined;
}

async function checkWhole(site: Site, installed: boolean): Promise<void> {
  const stored = await storeHas(site.home, NEW);
  const version = await prefixVersion(site.prefix);
  if (version !== (installed ? NEW : null)) throw new Error(`the prefix holds ${version}`);
  if (installed && !stored) throw new Error('installed and not stored');
}

function mount(args: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount failed: ${stderr}`);
}
