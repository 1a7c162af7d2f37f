import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Why nothing can be mounted here, to follow a title; null where it can. */
export const whyNoMounts: string | null = mayMount()
  ? null
  : ' (skipped: no file system can be mounted here)';

/** Root of a container may lack the right. */
function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const at = mkdtempSync(join(tmpdir(), 'codex-runtime-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at], { stdio: 'ignore' });
    execFileSync('umount', [at]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(at);
  }
}

/** A file system of its own, as long as the test runs. */
export async function mount(at: string, options: string): Promise<void> {
  await mkdir(at, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at]);
  onTestFinished(() => {
    execFileSync('umount', [at]);
  });
}

/** From here on nobody can write to what was mounted at `at`. */
export function makeReadOnly(at: string): void {
  execFileSync('mount', ['-o', 'remount,ro', at]);
}
