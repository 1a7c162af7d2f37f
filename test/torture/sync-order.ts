import { readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { prepare } from './crash.ts';
import type { Figures } from './experiment.ts';
import { pythonInstall, pythonSite } from './python-site.ts';
import { installWords, NEW, OLD, type Site, startReleases } from './site.ts';
import { traceCommand } from './traced-command.ts';

const CALLS =
  'openat,write,pwrite64,writev,pwritev,fsync,fdatasync,rename,link,symlink,mkdir,unlink';

/**
 * Reads from a trace that what becomes visible is on the disk: before the rename every file below
 * it was synced after its last write, and every directory after its last new name; after the
 * rename the directory that has the new name is synced, before anything old is removed.
 */
export async function checkSyncOrder(): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  const figures = { files: 0, directories: 0, commits: 0 };
  for (const before of [null, OLD]) {
    await using site = await prepare(github, before);
    const old = (path: string) => path.includes(`${OLD}-before`);
    await checkRun({ site, words: installWords(site, NEW), old, figures, failures });
  }
  if (figures.commits !== 4) failures.push(`${figures.commits} commits seen, expected 4`);
  return { figures, failures };
}

/** The same of a directory of Python packages, where pip writes what we then sync. */
export async function checkPythonSyncOrder(): Promise<Figures> {
  await using github = await startReleases();
  const failures: string[] = [];
  const figures = { files: 0, directories: 0, commits: 0 };
  for (const before of [null, OLD]) {
    await using site = await pythonSite(github, before);
    const builds = join(site.prefix, '.codex_cli_bin');
    const present = await readlink(join(builds, 'current')).catch(() => 'none');
    const old = (path: string) => path.startsWith(join(builds, present));
    const disk = await checkRun({ site, words: pythonInstall(site, NEW), old, figures, failures });
    const names = ['codex_cli_bin', `codex_cli_bin-${NEW}.dist-info`, 'bin/codex'];
    const lost = names.map((name) => join(site.prefix, name)).filter((path) => disk.mayLose(path));
    failures.push(...lost.map((path) => `the name of ${path} was not synced in the end`));
  }
  if (figures.commits !== 2) failures.push(`${figures.commits} commits seen, expected 2`);
  return { figures, failures };
}

interface CheckedRun {
  readonly site: Site;
  readonly words: readonly string[];
  /** Whether a path is what the run replaces. */
  readonly old: (path: string) => boolean;
  readonly figures: { files: number; directories: number; commits: number };
  readonly failures: string[];
}

async function checkRun(run: CheckedRun): Promise<TracedDisk> {
  const { site, words, old, figures, failures } = run;
  const { trace, status } = await traceCommand(site, words, { trace: CALLS });
  if (status !== 0) throw new Error('the traced run failed');
  const disk = new TracedDisk();
  for (const line of trace) {
    const call = parseCall(line);
    if (call === undefined) continue;
    const tree = committed(call, site.root);
    if (tree !== undefined) {
      figures.commits += 1;
      const { files, directories, unsynced } = disk.below(tree);
      figures.files += files;
      figures.directories += directories;
      failures.push(...unsynced.map((path) => `${path} was not synced before ${line}`));
      disk.pending = dirname(call.paths.at(-1) ?? '');
    }
    const [path = ''] = call.paths;
    if (call.name === 'unlink' && disk.pending !== undefined && old(path)) {
      failures.push(`${path} went before ${disk.pending} was synced`);
    }
    disk.apply(call);
  }
  if (disk.pending !== undefined) failures.push(`${disk.pending} was not synced in the end`);
  return disk;
}

interface Call {
  readonly name: string;
  readonly paths: readonly string[];
  readonly creates: boolean;
}

function parseCall(line: string): Call | undefined {
  const [, name, rest] = /^\d+ +([a-z0-9_]+)\((.*)\) += \d+/.exec(line) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  const paths = [...rest.matchAll(/"(\/[^"]*)"|\d+<(\/[^>]*)>/g)].map(
    ([, quoted, open]) => quoted ?? open ?? '',
  );
  return { name, paths, creates: rest.includes('O_CREAT') };
}

/** The tree that a call makes visible: a runtime in the store, or a build through its link. */
function committed({ name, paths }: Call, root: string): string | undefined {
  const [from, to] = paths;
  if (name !== 'rename' || from === undefined) return undefined;
  if (to === `${root}/prefix/node_modules/codex-cli-bin`)
    return from.replace(/\.codex-cli-bin\.link$/, '');
  if (to === `${root}/prefix/.codex_cli_bin/current`) return from.replace(/\.current\.link$/, '');
  return to?.startsWith(`${root}/home/store/`) === true ? from : undefined;
}

/** Which names and bytes a power cut could still take away. */
class TracedDisk {
  /** The directory whose new name makes a commit last. */
  pending: string | undefined;
  /** Names whose directory was not synced since. */
  readonly #newNames = new Set<string>();
  /** Files and directories, and whether they changed after their last sync. */
  readonly #changed = new Map<string, { readonly directory: boolean; dirty: boolean }>();

  apply({ name, paths, creates }: Call): void {
    const [path = '', other] = paths.filter((each) => each.startsWith('/'));
    switch (name) {
      case 'mkdir':
        this.#changed.set(path, { directory: true, dirty: true });
        this.#name(path);
        return;
      case 'openat':
        if (!creates) return;
        this.#changed.set(path, { directory: false, dirty: true });
        this.#name(path);
        return;
      case 'link':
        // The bytes are the store's, which were synced when they came there.
        if (other !== undefined) this.#name(other);
        return;
      case 'rename':
        this.#move(path, other ?? path);
        this.#name(other ?? path);
        return;
      case 'symlink':
        this.#name(other ?? path);
        return;
      case 'unlink':
        this.#changed.delete(path);
        return;
      case 'fsync':
      case 'fdatasync': {
        const entry = this.#changed.get(path);
        if (entry !== undefined) entry.dirty = false;
        for (const name of this.#newNames) if (dirname(name) === path) this.#newNames.delete(name);
        if (path === this.pending) this.pending = undefined;
        return;
      }
      default: {
        const entry = this.#changed.get(path);
        if (entry !== undefined) entry.dirty = true;
      }
    }
  }

  /** Whether a power cut could still take this name away. */
  mayLose(path: string): boolean {
    return this.#newNames.has(path);
  }

  /** What lies below `tree`, with the directory that holds its name. */
  below(tree: string): { files: number; directories: number; unsynced: string[] } {
    const entries = [...this.#changed].filter(
      ([path]) => path === tree || path.startsWith(`${tree}/`),
    );
    // A tree that a link leads to has to keep its own name, too; a renamed one gets another.
    const named = !tree.includes('/prefix/') || !this.#newNames.has(tree);
    return {
      files: entries.filter(([, { directory }]) => !directory).length,
      directories: entries.filter(([, { directory }]) => directory).length,
      unsynced: [
        ...entries.filter(([, { dirty }]) => dirty).map(([path]) => path),
        ...(named ? [] : [`the name of ${tree}`]),
      ],
    };
  }

  /** What was written under the old name is what lies under the new one. */
  #move(from: string, to: string): void {
    for (const [path, entry] of [...this.#changed]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#changed.delete(path);
      this.#changed.set(to + path.slice(from.length), entry);
    }
  }

  /** A new name makes its directory dirty. */
  #name(path: string): void {
    this.#newNames.add(path);
    const parent = dirname(path);
    const entry = this.#changed.get(parent);
    if (entry === undefined) this.#changed.set(parent, { directory: true, dirty: true });
    else entry.dirty = true;
  }
}
