import { describe, expect, it } from 'vitest';
import { ensureRuntime } from '../../src/operations/ensure-runtime.ts';
import { listRemote } from '../../src/operations/list-remote.ts';
import { pinRuntime } from '../../src/operations/pin-runtime.ts';
import { resolveRuntime } from '../../src/operations/resolve-runtime.ts';
import { waitForRelease } from '../../src/operations/wait-for-release.ts';
import type { RuntimeOptions } from '../../src/request/index.ts';
import { failure } from '../support/failure.ts';
import { type LoopbackFault, startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const RELEASE = await miniatureRelease('1.2.3');

/** Every route of a channel, and only those that bring bytes. */
const SILENT = ['release', 'latest', 'list', 'browser', 'npm-document', 'npm-list', 'npm-tags'];
const EMPTY_HANDED = ['cdn', 'npm-tarball'];

type Ways = readonly [string, readonly string[], (options: RuntimeOptions) => Promise<unknown>];

/** The ways to a SOURCES_EXHAUSTED, each with what fails. */
const WAYS: readonly Ways[] = [
  ['a version that no channel tells of', SILENT, (options) => resolveRuntime(options)],
  ['a moving name', SILENT, (options) => resolveRuntime({ ...options, version: 'latest' })],
  ['a list', SILENT, (options) => listRemote(options)],
  ['a lock', SILENT, (options) => pinRuntime(options)],
  [
    'a release to wait for',
    SILENT,
    (options) => waitForRelease({ ...options, version: '1.2.3', timeoutMs: 0 }),
  ],
  ['an asset that no channel brings', EMPTY_HANDED, (options) => ensureRuntime(options)],
];

describe('a SOURCES_EXHAUSTED says why in reasons of one shape', () => {
  it.each(WAYS)('for %s', async (_what, routes, run) => {
    await using github = await startLoopbackGitHub({ releases: [RELEASE] });
    for (const route of routes) {
      github.fail({ route: route as LoopbackFault['route'], status: 403 });
    }
    const cwd = await tempDir();
    const error = await failure(
      run({
        cwd,
        home: `${cwd}/home`,
        env: { HOME: cwd, PATH: '', ...github.env },
        host: { platform: 'linux', arch: 'x64' },
        version: '1.2.3',
        source: 'browser,npm',
      }),
    );
    expect(error).toMatchObject({ code: 'SOURCES_EXHAUSTED', exitStatus: 5 });
    const reasons = error.fields['reasons'] as readonly { channel: string }[];
    for (const reason of reasons) {
      expect(reason).toEqual({
        channel: expect.stringMatching(/^(github|npm)$/),
        source: routes === EMPTY_HANDED ? expect.stringMatching(/^(browser|npm)$/) : null,
        code: 'SOURCE_UNAVAILABLE',
        message: expect.stringContaining('403'),
      });
    }
    expect(new Set(reasons.map(({ channel }) => channel))).toEqual(new Set(['github', 'npm']));
  });
});
