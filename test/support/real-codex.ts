import { join } from 'node:path';
import { beforeAll, describe, inject } from 'vitest';
import { Codex, type CodexOptions } from '../../src/app-server/index.ts';
import { ensureRuntime } from '../../src/index.ts';
import { type CodexHome, makeCodexHome } from './codex-home.ts';
import {
  type Answer,
  type ModelRequest,
  type ModelServer,
  startModelServer,
} from './model-server.ts';

/** The runtimes that everything must work with. */
export const VERSIONS = ['0.115.0', '0.171.0'] as const;

/** A client of the real runtime whose model is a script; `await using` ends all of it. */
export interface RealCodex extends AsyncDisposable {
  readonly codex: Codex;
  readonly codexPath: string;
  readonly model: ModelServer;
  readonly home: CodexHome;
}

export async function startRealCodex(
  version: string,
  script: (request: ModelRequest, count: number) => Answer,
  options: CodexOptions = {},
): Promise<RealCodex> {
  const codexPath = await realExecutable(version);
  const model = await startModelServer(script);
  const home = await makeCodexHome(model.url);
  const codex = await Codex.start({ codexPath, env: home.env, cwd: home.work, ...options });
  return {
    codex,
    codexPath,
    model,
    home,
    [Symbol.asyncDispose]: async () => {
      await codex.close();
      await model.close();
      await home.remove();
    },
  };
}

/** A `describe` for each runtime; fetching it does not count as a test's time. */
export function describeReal(name: string, tests: (version: string) => void): void {
  describe.each(VERSIONS)(`${name} on Codex %s`, (version) => {
    beforeAll(() => realExecutable(version));
    tests(version);
  });
}

/**
 * The executable of a real runtime in a store that all workers of a run share: provisioned from
 * npm by the first that asks, as this tool does it for its users.
 */
export async function realExecutable(version: string): Promise<string> {
  const runDir = inject('runDir');
  const { executable } = await ensureRuntime({
    version,
    source: 'npm',
    // A home that outlives the run saves its downloads.
    home: process.env['CODEX_RUNTIME_TEST_HOME'] ?? join(runDir, 'real-home'),
    cwd: runDir,
  });
  return executable;
}
