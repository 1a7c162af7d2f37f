import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { searchPathName } from '../child/search-path.ts';
import { realPath } from '../disk/real-path.ts';
import type { Environment } from '../settings.ts';
import { type CodexOwner, ownerOf } from './codex-owner.ts';
import { type Check, ok, warn } from './finding.ts';

/** A `codex` on PATH, and whose it is. */
interface CodexOnPath extends CodexOwner {
  readonly path: string;
}

/** Which `codex` a shell runs, and which others it hides. */
export const checkPath: Check = async ({ settings: { env, host } }) => {
  const found: CodexOnPath[] = [];
  for (const path of await findOnPath(env, host.platform)) {
    found.push({ path, ...(await ownerOf(path)) });
  }
  const [first, ...others] = found;
  const fields = { codex: found };
  if (first === undefined) return [ok('path', 'No codex is on PATH.', fields)];
  if (others.length === 0) return [ok('path', `codex is ${describe(first)}.`, fields)];
  const list = others.map(describe).join('; ');
  return [
    warn('path', {
      summary: `A shell runs ${describe(first)}; it hides ${list}.`,
      advice: `Remove what you do not want (${removal(first)}), or put the directory of the other first in PATH.`,
      fields,
    }),
  ];
};

/** Every `codex` on PATH that is a different file, in the order of PATH. */
async function findOnPath(env: Environment, platform: string): Promise<readonly string[]> {
  const windows = platform === 'win32';
  const list = env[searchPathName(env)] ?? '';
  const names = windows ? ['codex.exe', 'codex.cmd', 'codex.bat'] : ['codex'];
  const seen = new Set<string>();
  const found: string[] = [];
  for (const dir of list.split(windows ? ';' : ':')) {
    if (dir === '') continue;
    for (const path of names.map((name) => join(dir, name))) {
      if (!(await isExecutable(path))) continue;
      const real = await realPath(path);
      if (!seen.has(real)) found.push(path);
      seen.add(real);
    }
  }
  return found;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

const OWNERS: Readonly<Record<CodexOwner['owner'], string>> = {
  'codex-runtime': "codex-runtime's",
  npm: "npm's",
  homebrew: "Homebrew's",
  python: "Python's",
  cargo: "Cargo's",
  unknown: 'of unknown origin',
};

function describe({ path, owner, package: name, version }: CodexOnPath): string {
  const what = [OWNERS[owner], name, version].filter((part) => part !== null).join(' ');
  return `${path} (${what})`;
}

function removal({ owner, package: name, path }: CodexOnPath): string {
  switch (owner) {
    case 'codex-runtime':
      return 'codex-runtime uninstall';
    case 'npm':
      return `npm uninstall -g ${name}`;
    case 'homebrew':
      return `brew uninstall ${name}`;
    case 'python':
      return `pip uninstall ${name ?? 'codex-cli-bin'}`;
    case 'cargo':
    case 'unknown':
      return `for instance ${path}`;
  }
}
