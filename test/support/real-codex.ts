import { join } from 'node:path';
import { beforeAll, describe } from 'vitest';
import { Codex, type CodexOptions } from '../../src/app-server/index.ts';
import { type CodexHome, makeCodexHome } from './codex-home.ts';
import {
  type Answer,
  type ModelRequest,
  type ModelServer,
  startModelServer,
} from './model-server.ts';
import { realRuntime } from './real-runtime.ts';

/** The runtimes that everything must work with. */
export const VERSIONS = ['0.115.0', '0.169.0'] as const;

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

export async function realExecutable(version: string): Promise<string> {
  return join(await realRuntime(version), 'bin', 'codex');
}
