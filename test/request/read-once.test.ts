import fs from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { diagnose } from '../../src/doctor/index.ts';
import { LOCKFILE_NAME } from '../../src/lockfile/index.ts';
import { downloadAssets } from '../../src/operations/download-assets.ts';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { installRuntime } from '../../src/operations/install-runtime.ts';
import { listInstalled } from '../../src/operations/list-installed.ts';
import { listRemote } from '../../src/operations/list-remote.ts';
import { packRuntimes } from '../../src/operations/pack-runtimes.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { resolveAllTargets, resolveRuntime } from '../../src/operations/resolve-runtime.ts';
import { stageRuntime } from '../../src/operations/stage-runtime.ts';
import { uninstallRuntime } from '../../src/operations/uninstall-runtime.ts';
import { verifyPin } from '../../src/operations/verify-pin.ts';
import { waitForRelease } from '../../src/operations/wait-for-release.ts';
import type { PrefixOptions } from '../../src/place/index.ts';
import { pruneStore } from '../../src/prune/index.ts';
import { verifyRuntimes } from '../../src/verify/index.ts';
import { type LoopbackGitHub, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';

/** Settings read it, nothing else does; it is not set, so copying an environment does not read it. */
const READ_BY_SETTINGS = 'CODEX_RUNTIME_TRUSTED_ROOT';

const { openSync } = fs;
const patched: { openSync: unknown } = fs;
const opened: string[] = [];
let github: LoopbackGitHub;
let root: string;

beforeAll(async () => {
  patched.openSync = (...args: Parameters<typeof openSync>) => {
    opened.push(String(args[0]));
    return openSync(...args);
  };
  syncBuiltinESMExports();
  github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  root = await realpath(await mkdtemp(join(tmpdir(), 'codex-runtime-read-once-')));
  await pinRuntime({ ...surroundings(), version: '1.2.3' });
});

afterAll(async () => {
  patched.openSync = openSync;
  syncBuiltinESMExports();
  await github.close();
  await rm(root, { recursive: true });
});

function surroundings(env: Readonly<Record<string, string | undefined>> = {}) {
  return {
    cwd: root,
    home: join(root, 'home'),
    prefix: join(root, 'prefix'),
    env: { HOME: root, PATH: '/usr/bin:/bin', ...github.env, ...env },
    host: { platform: 'linux', arch: 'x64' },
  } satisfies PrefixOptions;
}

type Operation = readonly [string, (options: PrefixOptions) => Promise<unknown>];

const out = (name: string) => join(root, name);

const OPERATIONS: readonly Operation[] = [
  ['installRuntime with dryRun', (options) => installRuntime({ ...options, dryRun: true })],
  ['installRuntime', installRuntime],
  ['installRuntime with nothing to do', installRuntime],
  ['ensureRuntime', ensureRuntime],
  ['resolveRuntime', resolveRuntime],
  ['resolveAllTargets', resolveAllTargets],
  ['resolveAllTargets of latest', (o) => resolveAllTargets({ ...o, version: 'latest' })],
  ['stageRuntime', (o) => stageRuntime({ ...o, out: out('stage') })],
  ['stageRuntime of a root package', (o) => stageRuntime({ ...o, out: out('root'), root: true })],
  ['packRuntimes of six targets', (o) => packRuntimes({ ...o, out: out('pack') })],
  ['downloadAssets', (o) => downloadAssets({ ...o, targets: 'all', out: out('dir') })],
  ['pinRuntime', pinRuntime],
  ['pinRuntime, deep', (o) => pinRuntime({ ...o, deep: true })],
  ['verifyPin', verifyPin],
  ['listRemote', listRemote],
  ['waitForRelease', (o) => waitForRelease({ ...o, version: '1.2.3', timeoutMs: 0 })],
  ['verifyRuntimes', verifyRuntimes],
  [
    'verifyRuntimes of the store',
    ({ prefix: _, ...o }) => verifyRuntimes({ ...o, version: '1.2.3', target: 'linux-x64' }),
  ],
  ['diagnose', (o) => diagnose({ ...o, offline: true })],
  ['listInstalled', listInstalled],
  ['pruneStore', pruneStore],
  ['uninstallRuntime', uninstallRuntime],
];

it.each(OPERATIONS)('%s reads its surroundings once', async (_name, run) => {
  const options = surroundings();
  let read = 0;
  const env = new Proxy(options.env, {
    get: (all, name) => {
      if (name === READ_BY_SETTINGS) read += 1;
      return Reflect.get(all, name);
    },
  });
  opened.length = 0;
  await run({ ...options, env });
  const searched = opened.filter((path) => path === join(root, LOCKFILE_NAME)).length;
  expect({ settings: read, searched: searched > 1 ? searched : 'at most once' }).toEqual({
    settings: 1,
    searched: 'at most once',
  });
});
