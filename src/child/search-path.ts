import paths, { delimiter, type PlatformPath } from 'node:path';
import { isSamePath } from '../disk/same-path.ts';
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

/** The directories that a shell with this environment looks for commands in. */
export function searchDirs(env: Environment, { delimiter }: PlatformPath = paths): string[] {
  return (env[searchPathName(env)] ?? '').split(delimiter).filter((dir) => dir !== '');
}

/** Whether a shell with this environment finds the commands in `dir`, which is absolute. */
export function isOnSearchPath(
  env: Environment,
  dir: string,
  rules: PlatformPath = paths,
): boolean {
  return searchDirs(env, rules).some((each) => isSamePath(rules.resolve(each), dir, rules));
}
