import { expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { serve } from '../../support/loopback-http.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

it.each([
  'list --remote --source github',
  'which latest --source github',
  'which 1.2.3 --source github',
  'resolve 1.2.3 --source api',
])('an expired token is worse than none to nobody: %s', async (line) => {
  await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  const api = github.env.GITHUB_API_URL;
  const { url } = await serve((request, response) => {
    if (request.headers.authorization !== undefined) return void response.writeHead(401).end('{}');
    void fetch(`${api}${request.url}`).then(async (answer) => {
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  const env = { ...github.env, GITHUB_API_URL: url, GITHUB_TOKEN: 'expired' };
  const run = await runCli(line.split(' '), { dir: await tempDir(), env });
  expect(run, run.stderr).toMatchObject({ status: 0 });
  expect(run.stderr).not.toContain('expired');
  // Where it was needed at all, the variable is named.
  if (!line.startsWith('which 1')) expect(run.stderr).toContain('refused GITHUB_TOKEN (401)');
});
