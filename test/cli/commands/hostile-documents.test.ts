import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HOSTILE_JSON } from '../../support/hostile-json.ts';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const REPORT_USAGE = fileURLToPath(new URL('../../fixtures/report-usage.cjs', import.meta.url));
/** What is read at most of a document that a channel gives. */
const CAP = 8 * 2 ** 20 - 100;
const LOCK_CAP = 2 ** 20 - 100;

/** Runs the command line, and says what it took beside what it said. */
async function measured(
  args: readonly string[],
  dir: string,
  env: Readonly<Record<string, string>>,
) {
  const file = join(dir, 'usage.json');
  const options = { NODE_OPTIONS: `--require ${REPORT_USAGE}`, USAGE_FILE: file };
  const run = await runCli([...args, '--json'], { dir, env: { ...env, ...options } });
  const usage = JSON.parse(await readFile(file, 'utf8')) as { peakMb: number; cpuSeconds: number };
  return { run, usage };
}

const CASES = [
  { route: 'release', args: ['resolve', '1.2.3', '--source', 'browser'] },
  { route: 'list', args: ['list', '--remote', '--source', 'browser'] },
  { route: 'npm-list', args: ['list', '--remote', '--source', 'npm'] },
  { route: 'mirror-release', args: ['resolve', '1.2.3', '--source', 'mirror'] },
  { route: 'npm-document', args: ['resolve', '1.2.3', '--source', 'npm'] },
] as const;

describe('a hostile document of the largest size that is read', () => {
  const shapes = Object.keys(HOSTILE_JSON);
  // Each shape once, and each place; what parses them is the same.
  it.each(shapes.map((shape, at) => ({ shape, ...(CASES[at % CASES.length] ?? CASES[0]) })))(
    'of $shape in the place of $route takes less than 256 MB and 5 s',
    async ({ shape, route, args }) => {
      await using github = await startLoopbackGitHub();
      github.fail({ route, json: HOSTILE_JSON[shape]?.(CAP) ?? '' });
      const dir = await tempDir();
      const { run, usage } = await measured(args, dir, github.env);
      expect(run.status).toBe(5);
      expect(document(run)).toMatchObject({ code: 'SOURCES_EXHAUSTED' });
      expect(usage.peakMb).toBeLessThan(256);
      expect(usage.cpuSeconds).toBeLessThan(5);
    },
  );

  it.each(shapes)('of %s in the place of the lockfile is refused as one', async (shape) => {
    const dir = await tempDir();
    const targets = HOSTILE_JSON[shape]?.(LOCK_CAP) ?? '';
    const text = `{"lockfileVersion":1,"version":"1.2.3","repo":"openai/codex","targets":${targets}}`;
    await writeFile(join(dir, 'codex-runtime.lock.json'), text);
    const { run, usage } = await measured(['resolve'], dir, {});
    expect(run.status).toBe(3);
    expect(document(run)).toMatchObject({ code: 'LOCK_INVALID' });
    expect(usage.peakMb).toBeLessThan(256);
    expect(usage.cpuSeconds).toBeLessThan(5);
  });
});
