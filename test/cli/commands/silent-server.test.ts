import { expect, it } from 'vitest';
import { serveConnections, stayMute } from '../../support/failing-server.ts';
import { runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Longer than the silence that is told, and shorter than the one that ends the attempt. */
const PATIENCE_MS = 12_000;

it('a server that takes the connection and does not answer is named on stderr after 5 s', async () => {
  const { port } = await serveConnections(stayMute);
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  const env = { CODEX_RUNTIME_MIRROR_URL: url, npm_config_registry: url };
  const against = async (line: string) => {
    const dir = await tempDir();
    return await runCli(line.split(' '), { dir, env, timeoutMs: PATIENCE_MS });
  };
  const lines = [
    'install 1.2.3 --source mirror --prefix p',
    'install 1.2.3 --source npm --prefix p --json',
    'resolve 1.2.3 --source mirror',
    'pin latest --source npm',
    'list --remote --source npm',
    'download 1.2.3 --source mirror --out m',
  ];
  const told = `Waiting for ${host}, which has not answered for 5 s.\n`;
  const [runs, events, quiet] = await Promise.all([
    Promise.all(lines.map(against)),
    against('pack 1.2.3 --source mirror --out d --json'),
    against('install 1.2.3 --source mirror --prefix p --quiet'),
  ]);
  // Once, however many requests wait for it.
  const times = runs.map(({ stderr }, at) => [lines[at], stderr.split(told).length - 1]);
  expect(times).toEqual(lines.map((line) => [line, 1]));
  // Where events are JSON, it is one of them; never the result.
  const logged = events.stderr.trim().split('\n');
  expect(logged).toContain(JSON.stringify({ type: 'silent', host, seconds: 5 }));
  for (const { stdout } of [...runs, events]) expect(stdout).not.toMatch(/Waiting|silent/);
  expect(quiet.stderr).not.toContain('Waiting');
});
