import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type PublishRequest, publishRelease } from '../../../src/package/publish/index.ts';
import { settingsFrom } from '../../../src/request/settings.ts';
import { failure } from '../../support/failure.ts';
import { type ManagerName, managerCommand } from '../../support/managers.ts';
import { packTwo } from '../../support/publishing.ts';
import { runCli } from '../../support/run-cli.ts';
import { startStagingRegistry } from '../../support/staging-registry.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { npmUser } from '../../support/verdaccio.ts';

const run = promisify(execFile);
const PACKAGES = ['small-darwin-arm64', 'small-linux-x64', 'small'].map((name) => ({
  name,
  version: '0.115.0',
}));

/** Publishes by npm's own client of that version, as a user of the registry. */
async function publisher(registry: string, out: string, npm: ManagerName = 'npm 12') {
  const [, script = ''] = await managerCommand(npm);
  const user = await npmUser(await tempDir(), registry);
  const env = { ...user, npm_execpath: script };
  const host = { platform: 'linux', arch: 'x64' };
  return {
    env,
    publish: (request: Partial<PublishRequest> = {}) =>
      publishRelease({
        directory: out,
        settings: settingsFrom(env, { cwd: out, host }),
        stage: true,
        ...request,
      }),
    npm: (...words: readonly string[]) =>
      run(process.execPath, [script, ...words], { cwd: out, env }),
  };
}

describe('publish --stage', { timeout: 240_000 }, () => {
  it('stages platform packages first, lists what waits, and goes on after approvals', async () => {
    const { out } = await packTwo('small');
    await using registry = await startStagingRegistry({ others: 205 });
    const { publish, npm } = await publisher(registry.url, out);
    const steps: string[] = [];
    const { waiting } = await publish({ onStep: ({ action }) => steps.push(action) });
    expect(steps).toEqual(['stage', 'stage', 'stage']);
    expect(waiting).toMatchObject(PACKAGES.map((each) => ({ ...each, tag: 'latest' })));
    expect(registry.published).toEqual([]);
    // Nothing is uploaded twice, however many pages of others' packages come before ours.
    const again = await publish();
    expect(again.waiting).toEqual(waiting);
    expect(registry.staged).toHaveLength(205 + 3);

    const [first, ...rest] = waiting ?? [];
    await npm('stage', 'approve', first?.id ?? '');
    expect((await publish()).waiting).toEqual(rest);
    for (const { id } of rest) await npm('stage', 'approve', id);
    expect(registry.published).toEqual(PACKAGES.map(({ name }) => `${name}@0.115.0`));
    const done = await publish();
    expect(done.waiting).toEqual([]);
    expect(done.steps.filter(({ action }) => action === 'publish')).toEqual([]);
  });

  it('goes on where an upload failed, and refuses other bytes under the same version', async () => {
    const { out } = await packTwo('small');
    await using registry = await startStagingRegistry();
    const { publish } = await publisher(registry.url, out);
    registry.failNext(403);
    expect(await failure(publish())).toMatchObject({ code: 'PUBLISH_FAILED' });
    await publish();
    expect(registry.staged.map(({ packageName }) => packageName)).toEqual(
      PACKAGES.map(({ name }) => name),
    );
    const others = registry.staged.splice(0);
    registry.staged.push(...others.map((each) => ({ ...each, shasum: '11'.repeat(20) })));
    expect(await failure(publish())).toMatchObject({
      code: 'PUBLISH_FAILED',
      hint: expect.stringContaining('npm stage reject'),
    });
  });

  it('publishes at once where the registry has no staging', async () => {
    const { out } = await packTwo('small');
    await using registry = await startStagingRegistry({ staging: false });
    const { publish, env } = await publisher(registry.url, out);
    expect(await publish()).toMatchObject({ waiting: null });
    expect(registry.published).toEqual(PACKAGES.map(({ name }) => `${name}@0.115.0`));
    // A person is told in words; a log has lines of JSON alone, and the result says so.
    const told = await runCli(['publish', out, '--stage'], { dir: out, env });
    expect(told.stderr).toContain('The registry has no staging');
    const { stdout, stderr } = await runCli(['publish', out, '--stage', '--json'], {
      dir: out,
      env,
    });
    for (const line of stderr.trim().split('\n').filter(Boolean)) JSON.parse(line);
    expect(JSON.parse(stdout)).toMatchObject({ waiting: null });
  });

  it('needs an npm that can', async () => {
    const { out } = await packTwo('small');
    await using registry = await startStagingRegistry();
    const { publish } = await publisher(registry.url, out, 'npm 10');
    expect(await failure(publish())).toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('npm 11.15'),
    });
  });
});
