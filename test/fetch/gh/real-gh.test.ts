import { spawnSync } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openDownload } from '../../../src/fetch/index.ts';
import { settingsFrom } from '../../../src/request/settings.ts';
import { startLoopbackEnterprise } from '../../support/loopback-enterprise.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { allCandidates, candidateRequest, LINUX } from '../../support/resolve-request.ts';
import { tempDir } from '../../support/temp-dir.ts';

const missing = spawnSync('gh', ['--version']).status !== 0;
const why = missing ? ' (skipped: gh is not installed)' : '';

test.skipIf(missing)(`the real gh tells a release and brings its asset${why}`, async () => {
  const release = await miniatureRelease('0.115.0', { targets: [LINUX] });
  await using github = await startLoopbackGitHub({ releases: [release] });
  const home = await tempDir();
  await using enterprise = await startLoopbackEnterprise(github, home);
  const { PATH } = process.env;
  const settings = settingsFrom(
    { ...enterprise.env, HOME: home, PATH },
    { cwd: home, host: { platform: 'linux', arch: 'x64' } },
    { home },
  );
  const [candidate] = await allCandidates(candidateRequest(settings, { sources: 'gh' }));
  if (candidate === undefined) throw new Error('no candidate');
  expect(candidate.asset.sources).toEqual([
    { kind: 'gh', host: enterprise.host, repo: 'openai/codex', tag: 'rust-v0.115.0' },
  ]);
  expect(candidate.asset.digests).toMatchObject([{ origin: 'github' }]);

  const { asset, channel } = candidate;
  const download = openDownload({ channel, asset, settings, partialDir: home });
  const bytes = await buffer(download.bytes);
  expect(bytes.length).toBe(asset.size);
  expect(download.outcome.source).toBe('gh');
  expect(new Set(github.requests.map(({ authorization }) => authorization))).toContain(
    'token enterprise-token',
  );
});

test.skipIf(missing)(`the real gh says that a release is unknown${why}`, async () => {
  await using github = await startLoopbackGitHub();
  const home = await tempDir();
  await using enterprise = await startLoopbackEnterprise(github, home);
  const { PATH } = process.env;
  const settings = settingsFrom(
    { ...enterprise.env, HOME: home, PATH },
    { cwd: home, host: { platform: 'linux', arch: 'x64' } },
  );
  await expect(allCandidates(candidateRequest(settings, { sources: 'gh' }))).rejects.toMatchObject({
    code: 'RELEASE_NOT_FOUND',
  });
});
