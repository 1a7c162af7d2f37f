import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A directory that all workers of one run share and that is removed after it. */
    runDir: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const runDir = await mkdtemp(join(tmpdir(), 'codex-runtime-test-'));
  project.provide('runDir', runDir);
  return () => rm(runDir, { recursive: true, force: true });
}
