import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { searchPathName } from '../child/search-path.ts';
import { realPath } from '../disk/real-path.ts';
import type { Environment } from '../request/index.ts';
import { type CodexOwner, ownerOf } from './codex-owner.ts';
import { type Check, ok, warn } from './finding.ts';
import { OWNER_NAMES, type OwnerCommands, ownerCommands } from './owner-commands.ts';

/** A `codex` on PATH, and whose it is. */
interface CodexOnPath extends CodexOwner, OwnerCommands {
  readonly path: string;
}

/** Which `codex` a shell runs, and which others it hides. */
export const checkPath: Check = async ({ settings: { env, host } }) => {
  const found: CodexOnPath[] = [];
  for (const path of await findOnPath(env, host.platform)) {
    const owner = await ownerOf(path);
    found.push({ path, ...owner, ...ownerCommands(owner) });
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

function describe({ path, owner, package: name, version }: CodexOnPath): string {
  const what = [OWNER_NAMES[owner], name, version].filter((part) => part !== null).join(' ');
  return `${path} (${what})`;
}

/** The owner's own command; what nobody answers for is a file to look at, not one to delete unseen. */
function removal(found: CodexOnPath): string {
  const { remove } = ownerCommands(found);
  if (remove !== null) return remove;
  return found.owner === 'standalone'
    ? `the link ${found.path} and the directory that it leads to`
    : `for instance ${found.path}`;
}
