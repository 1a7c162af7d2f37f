import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, inject } from 'vitest';
import { configArguments } from '../../src/app-server/config-overrides.ts';
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

/** A version and the way to it. 0.115.0 cannot listen on a Unix socket. */
interface Cell {
  readonly version: string;
  readonly over: 'stdio' | 'socket';
}

/** What `describeReal` runs on: `npm run compatibility` names one cell after the other, sockets too. */
const { CODEX_RUNTIME_TEST_CELLS: NAMED } = process.env;
const CELLS = cellsOf(NAMED ?? VERSIONS.map((version) => `${version}:stdio`).join());

/** How `startRealCodex` reaches its server: as the cell has it whose tests run. */
let over: Cell['over'] = 'stdio';

/** A client of the real runtime whose model is a script; `await using` ends all of it. */
export interface RealCodex extends AsyncDisposable {
  readonly codex: Codex;
  readonly codexPath: string;
  readonly model: ModelServer;
  readonly home: CodexHome;
  /** Ends client and server; the model and the home stay. */
  end(): Promise<void>;
}

export async function startRealCodex(
  version: string,
  script: (request: ModelRequest, count: number) => Answer,
  options: CodexOptions = {},
): Promise<RealCodex> {
  const codexPath = await realExecutable(version);
  const model = await startModelServer(script);
  const home = await makeCodexHome(model.url);
  const starting = { codexPath, env: home.env, cwd: home.work, ...options };
  const { codex, end } =
    over === 'socket'
      ? await connectRealCodex(starting, home)
      : { codex: await Codex.start(starting), end: async () => undefined };
  const endBoth = async () => {
    await codex.close();
    await end();
  };
  return {
    codex,
    codexPath,
    model,
    home,
    end: endBoth,
    [Symbol.asyncDispose]: async () => {
      await endBoth();
      await model.close();
      await home.remove();
    },
  };
}

/** A listener of the runtime, joined over its Unix socket. */
async function connectRealCodex(
  { codexPath = '', env, cwd, config = {}, ...options }: CodexOptions,
  home: CodexHome,
): Promise<{ codex: Codex; end: () => Promise<void> }> {
  const listener = await listenReal(codexPath, home, {
    env: env ?? home.env,
    cwd: cwd ?? home.work,
    config,
  });
  return { codex: await Codex.connect(listener.path, options), end: listener.end };
}

export interface RealListener {
  readonly path: string;
  end(): Promise<void>;
}

/** Starts an app-server that listens on a Unix socket, and waits until it does. */
export async function listenReal(
  codexPath: string,
  home: CodexHome,
  {
    env = home.env,
    cwd = home.work,
    config = {},
  }: Pick<CodexOptions, 'env' | 'cwd' | 'config'> = {},
): Promise<RealListener> {
  const path = join(home.dir, 's.sock');
  const args = ['app-server', ...configArguments(config), '--listen', `unix://${path}`];
  const server = spawn(codexPath, args, { env: { ...env }, cwd, stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  for (const deadline = Date.now() + 30_000; !(await accepts(path)); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`${codexPath} does not listen on ${path}`);
  }
  return {
    path,
    end: async () => {
      server.kill('SIGKILL');
      await gone;
    },
  };
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/**
 * A `describe` for each runtime, and for those of `more` where no cells are named; fetching one
 * does not count as a test's time.
 */
export function describeReal(
  name: string,
  tests: (version: string) => void,
  more: readonly string[] = [],
): void {
  const others = NAMED === undefined ? more : [];
  const cells = [
    ...CELLS.map(({ version, over: way }) => [version, way] as const),
    ...others.map((version) => [version, 'stdio'] as const),
  ];
  describe.each(cells)(`${name} on Codex %s over %s`, (version, way) => {
    beforeAll(async () => {
      over = way;
      await realExecutable(version);
    });
    tests(version);
  });
}

function cellsOf(text: string): Cell[] {
  const cells = text.split(',').map((cell): Cell => {
    const [version = '', way] = cell.split(':');
    return { version, over: way === 'socket' ? 'socket' : 'stdio' };
  });
  // There are no Unix sockets for Codex on Windows.
  return cells.filter((cell) => cell.over === 'stdio' || process.platform !== 'win32');
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
    home: realHome(),
    cwd: runDir,
  });
  return executable;
}

/** The home whose store has the real runtimes: of this run, or kept between runs. */
export function realHome(): string {
  return process.env['CODEX_RUNTIME_TEST_HOME'] ?? join(inject('runDir'), 'real-home');
}
