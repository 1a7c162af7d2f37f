import { describe, expect, it } from 'vitest';
import { startLoopbackEnterprise } from '../../support/loopback-enterprise.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('a GitHub Enterprise Server', () => {
  it.each(['api', 'browser'])('that GH_HOST names delivers a runtime: %s', async (source) => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3')],
    });
    const dir = await tempDir();
    await using enterprise = await startLoopbackEnterprise(github, dir);
    // A token for the public GitHub is none of this server's business.
    const env = { ...enterprise.env, GH_TOKEN: 'public-token' };
    const words = ['install', '1.2.3', '--prefix=demo', `--source=${source}`, '--json'];
    const installed = await runCli(words, { dir, env });
    expect(installed, installed.stdout).toMatchObject({ status: 0 });
    expect(document(installed)).toMatchObject({ version: '1.2.3', source });
    const given = new Set(github.requests.map(({ authorization }) => authorization));
    expect([...given].filter((each) => each?.includes('public-token'))).toEqual([]);
    expect(given).toContain('Bearer enterprise-token');
  });

  it('whose certificate nobody vouches for delivers nothing', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3')],
    });
    const dir = await tempDir();
    await using enterprise = await startLoopbackEnterprise(github, dir);
    const { GH_HOST = '', GH_ENTERPRISE_TOKEN = '' } = enterprise.env;
    const words = ['install', '1.2.3', '--prefix=demo', '--source=api', '--json'];
    const refused = await runCli(words, { dir, env: { GH_HOST, GH_ENTERPRISE_TOKEN } });
    expect(refused.status).toBe(5);
    expect(github.requests).toEqual([]);
  });
});
