import { delimiter, resolve } from 'node:path';
import type { Environment } from '../request/index.ts';

/** The name that PATH has in `env`: Windows spells it Path, and the name that is there counts. */
export function searchPathName(env: Environment): string {
  return Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
}

/** `env` with `dir` before all else on PATH. */
export function withSearchDir(env: Environment, dir: string): Environment {
  const name = searchPathName(env);
  const rest = env[name];
  return { ...env, [name]: rest ? `${dir}${delimiter}${rest}` : dir };
}

/** Whether a shell with this environment finds the commands in `dir`, which is absolute. */
export function isOnSearchPath(env: Environment, dir: string): boolean {
  const list = env[searchPathName(env)] ?? '';
  return list.split(delimiter).some((each) => each !== '' && resolve(each) === resolve(dir));
}
