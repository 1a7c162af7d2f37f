import { join } from 'node:path';
import process from 'node:process';
import { BIN, VERSION } from './inputs.ts';
import type { Command, Side } from './measure.ts';

/** A cold install: neither store nor prefix is there. `node` runs it; default: the running one. */
export function coldInstall(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  node = process.execPath,
): Command {
  return {
    file: node,
    args: [BIN, 'install', VERSION, '--prefix', join(dir, 'prefix'), ...args],
    env: { ...env, CODEX_RUNTIME_HOME: join(dir, 'home') },
  };
}

/** What a user types instead; the script makes `dir` itself. */
export function shell(script: (dir: string) => string): Side {
  return { command: (dir) => ({ file: 'bash', args: ['-o', 'pipefail', '-c', script(dir)] }) };
}
