import { join } from 'node:path';
import type { RuntimeDescription } from './manifest.ts';

/** Where the executable of a runtime lies whose tree is at `dir`; absolute if `dir` is. */
export function executablePath(
  dir: string,
  { entrypoint }: Pick<RuntimeDescription, 'entrypoint'>,
): string {
  return join(dir, entrypoint);
}
