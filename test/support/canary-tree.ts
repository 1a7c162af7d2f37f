import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';

/** Files, directories and links around a hollow into which something untrusted is unpacked. */
export interface Canary {
  /** The empty directory in their middle. */
  readonly hollow: string;
  /** All that has changed around the hollow since the tree was made; empty when nothing has. */
  changes(): Promise<readonly string[]>;
}

const LONG_AGO = new Date('2001-02-03T04:05:06Z');

/** Fills `root`, an empty directory, with canaries: their contents, modes, times and inodes are watched. */
export async function canaryTree(root: string): Promise<Canary> {
  const hollow = join(root, 'outer', 'inner', 'hollow');
  await mkdir(hollow, { recursive: true });
  for (const dir of [root, join(root, 'outer'), join(root, 'outer', 'inner')]) {
    await writeFile(join(dir, 'todo.txt'), 'canary\n');
    await writeFile(join(dir, 'codex'), '#!/bin/sh\n');
    await chmod(join(dir, 'codex'), 0o700);
    await mkdir(join(dir, 'bin'));
    await writeFile(join(dir, 'bin', 'codex'), 'canary\n');
  }
  // Beside the hollow: a name that starts like it, where a careless prefix check would let through.
  await mkdir(`${hollow}-twin`);
  await symlink(root, join(root, 'outer', 'inner', 'link'), 'junction');
  await rewind(root, hollow);
  const before = await snapshot(root, hollow);
  return {
    hollow,
    async changes() {
      const after = await snapshot(root, hollow);
      const paths = new Set([...before.keys(), ...after.keys()]);
      return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
    },
  };
}

async function rewind(dir: string, hollow: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (path === hollow || entry.isSymbolicLink()) continue;
    if (entry.isDirectory()) await rewind(path, hollow);
    await utimes(path, LONG_AGO, LONG_AGO);
  }
}

async function snapshot(dir: string, hollow: string): Promise<Map<string, string>> {
  const facts = new Map<string, string>();
  const stack = [dir];
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    if (path === hollow) continue;
    const { mode, ino, mtimeMs, nlink } = await lstat(path);
    const kind = mode & 0o170000;
    let content = '';
    if (kind === 0o040000) {
      const names = await readdir(path);
      content = names.toSorted().join('/');
      stack.push(...names.map((name) => join(path, name)));
    } else {
      content = kind === 0o120000 ? await readlink(path) : await readFile(path, 'latin1');
    }
    facts.set(path, [mode, ino, mtimeMs, nlink, content].join(' '));
  }
  return facts;
}
