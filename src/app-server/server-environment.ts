import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { withSearchDir } from '../child/search-path.ts';
import { realPath } from '../disk/real-path.ts';
import type { Environment } from '../request/index.ts';

/**
 * The environment of this process, for a child that must find its home, proxy and keys there, as
 * if the user had started it. The only place in this room that reads it.
 */
export function ownEnvironment(): Environment {
  // biome-ignore lint/style/noProcessEnv: the documented default of the public option `env`
  return process.env;
}

/**
 * `env` with the runtime's own tools first on PATH: old runtimes find `rg` only there.
 * `executable` is `bin/codex` of a runtime tree; anything else gets `env` as it is.
 */
export async function serverEnvironment(
  env: Environment,
  executable: string,
): Promise<Environment> {
  const tools = join(dirname(await realPath(executable)), '..', 'codex-path');
  const found = await stat(tools).catch(() => undefined);
  return found?.isDirectory() === true ? withSearchDir(env, tools) : env;
}
