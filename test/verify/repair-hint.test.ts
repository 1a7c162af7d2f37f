import { appendFile, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Writes without leaving a trace in size and time. */
async function flipBit(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
}

const STORE = 'home/store/1.2.3/x86_64-unknown-linux-musl/package';
const PACKAGE = 'a prefix/node_modules/codex-cli-bin';

/** A damage, how it is done, and whether the repair has to be forced. */
const DAMAGES: readonly (readonly [string, (dir: string) => Promise<void>, boolean])[] = [
  ['a missing file of the store', (dir) => rm(join(dir, STORE, 'codex-path/rg')), false],
  ['a changed file', (dir) => appendFile(join(dir, STORE, 'codex-path/rg'), 'x'), false],
  ['a changed bit', (dir) => flipBit(join(dir, STORE, 'codex-path/rg')), true],
  ["the store's manifest", (dir) => writeFile(join(dir, STORE, 'runtime.json'), '{'), false],
  ['a stray file', (dir) => writeFile(join(dir, STORE, 'bin/evil'), ''), true],
  ['a missing command', (dir) => rm(join(dir, 'a prefix/node_modules/.bin/codex')), false],
  ['a missing file of the package', (dir) => rm(join(dir, PACKAGE, 'index.js')), false],
  ['a changed bit of the package', (dir) => flipBit(join(dir, PACKAGE, 'index.js')), true],
  ["the package's manifest", (dir) => writeFile(join(dir, PACKAGE, 'runtime.json'), '{'), false],
];

describe('the command that verify advises', () => {
  it.each(DAMAGES)('repairs %s, and is no larger than needed', async (_, damage, forced) => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    await runCli(['install', '1.2.3', '--prefix', 'a prefix'], around);
    await damage(around.dir);
    // One repair may leave the other copy, which shares its files.
    for (let run = 0; run < 3; run += 1) {
      const looked = await runCli(['verify', '--json'], around);
      if (looked.status === 0) break;
      expect(looked.status).toBe(9);
      const hint = String(document(looked)['hint']);
      const [, command = ''] = /"codex-runtime ([^"]+)"/.exec(hint) ?? [];
      if (run === 0) expect(command.includes('--force')).toBe(forced);
      const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, word]) => quoted ?? word ?? '',
      );
      expect(await runCli(words, around), command).toMatchObject({ status: 0 });
    }
    expect((await runCli(['verify', '--json'], around)).status).toBe(0);
  });
});
