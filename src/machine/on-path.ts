import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { searchPathName } from '../child/search-path.ts';
import { realPath } from '../disk/real-path.ts';
import type { Environment } from '../request/index.ts';

/** Every `codex` on PATH that is a different file, in the order of PATH. */
export async function findOnPath(env: Environment, platform: string): Promise<readonly string[]> {
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
