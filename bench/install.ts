import { join } from 'node:path';
import process from 'node:process';
import { BIN, VERSION } from './inputs.ts';
import type { Command, Side } from './measure.ts';
import type { Managers } from './peers.ts';

/** A cold install: neither store nor prefix is there. `node` runs it; default: the running one. */
export function coldInstall(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { node = process.execPath, version = VERSION } = {},
): Command {
  return {
    file: node,
    args: [BIN, 'install', version, '--prefix', join(dir, 'prefix'), ...args],
    env: { ...env, CODEX_RUNTIME_HOME: join(dir, 'home') },
  };
}

/** What a user types instead; the script makes `dir` itself. */
export function shell(script: (dir: string) => string): Side {
  return { command: (dir) => ({ file: 'bash', args: ['-o', 'pipefail', '-c', script(dir)] }) };
}

/** `install PACKAGE` with nothing in its cache, and all that it writes below the directory. */
export const INSTALL: Readonly<Record<keyof Managers, (start: string, what: string) => string>> = {
  npm: (npm, what) => `${npm} install ${what} --cache "$PWD/cache" --no-audit --no-fund`,
  pnpm: (pnpm, what) =>
    `XDG_CACHE_HOME="$PWD/cache" ${pnpm} add ${what} --store-dir "$PWD/store" --ignore-scripts`,
  bun: (bun, what) => `BUN_INSTALL_CACHE_DIR="$PWD/cache" ${bun} add ${what}`,
};
