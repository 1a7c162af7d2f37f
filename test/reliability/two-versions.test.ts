import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';
import { SeededRandom } from '../torture/seeded-random.ts';
import {
  COMMAND,
  type Ended,
  makeSite,
  NEW,
  OLD,
  runProgram,
  type Site,
  startReleases,
} from '../torture/site.ts';
import { prefixVersion, residue } from '../torture/site-state.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = '.github/actions/setup-codex-runtime/codex-runtime.cjs';
const has = (commit: string) =>
  spawnSync('git', ['cat-file', '-e', `${commit}:${PROGRAM}`], { cwd: ROOT }).status === 0;
/**
 * The first commit that has the action's program whole: it installs, with its templates alone. A
 * clone without history has today's program alone, which then meets the command.
 */
const OLDER = has('02fce7e') ? '02fce7e' : 'HEAD';

/** Today's command and an older one, on one home. */
async function versions(site: Site) {
  const dir = await tempDir();
  const archive = join(dir, 'older.tar');
  const files = [PROGRAM, 'templates'];
  await run('git', ['archive', '--output', archive, OLDER, ...files], { cwd: ROOT });
  await extract({ file: archive, cwd: dir });
  const start = (file: string) => (words: readonly string[]) =>
    runProgram(process.execPath, [file, ...words], site.env);
  return { today: start(COMMAND), older: start(join(dir, PROGRAM)) };
}

describe(`two versions of this tool at work at once (${OLDER})`, () => {
  it('on one home and one prefix end as they themselves explain', async () => {
    await using github = await startReleases();
    await using site = await makeSite(github);
    const { today, older } = await versions(site);
    const random = new SeededRandom(20_261_201);
    const pick = <T>(items: readonly [T, ...T[]]) => items[random.below(items.length)] ?? items[0];
    const failures: string[] = [];
    const judge = async (who: string, ended: Promise<Ended>, statuses: readonly number[]) => {
      const { status, stderr } = await ended;
      if (!statuses.includes(status ?? -1)) failures.push(`${who}: ${status} ${stderr}`);
    };
    const install = (version: string) => ['install', version, '--prefix', site.prefix];
    for (let round = 0; round < 10; round += 1) {
      const version = pick([OLD, NEW]);
      const other = pick([OLD, NEW]);
      const [words, statuses] = pick<readonly [readonly string[], readonly number[]]>([
        [
          ['uninstall', '--prefix', site.prefix],
          [0, 4],
        ],
        [
          ['uninstall', other],
          [0, 4],
        ],
        [['prune', '--unused-for', '0s'], [0]],
        [['exec', other, '--', 'args', 'x'], [0]],
        [[...install(other), '--force'], [0]],
      ]);
      // The older one does not make its prefix again where an uninstall removed it while it waited.
      const spared = words[1] === '--prefix' && words[0] === 'uninstall' ? [0, 8] : [0];
      await Promise.all([
        judge('older install', older(install(version)), spared),
        judge('older install --force', older([...install(other), '--force']), spared),
        judge('install', today(install(other)), [0]),
        judge(words.join(' '), today(words), statuses),
      ]);
      await prefixVersion(site.prefix).catch((error) => failures.push(`round ${round}: ${error}`));
    }
    expect(failures).toEqual([]);
    expect((await today(['which', NEW])).status).toBe(0);
    await today(['prune']);
    const left = await residue(site, [OLD, NEW]);
    expect(left.filter((path) => path.startsWith('home/'))).toEqual([]);
  });

  it('share a store and a lockfile: neither fetches again what the other has', async () => {
    await using github = await startReleases();
    await using site = await makeSite(github);
    const { today, older } = await versions(site);
    const path = join(site.root, 'codex-runtime.lock.json');
    expect((await today(['pin', NEW, '--lockfile', path])).status).toBe(0);
    const locked = ['install', '--lockfile', path, '--frozen', '--prefix'];
    expect((await older([...locked, join(site.root, 'a')])).status).toBe(0);
    const fetched = github.asked('cdn').length + github.asked('browser').length;
    expect((await today([...locked, join(site.root, 'b'), '--offline'])).status).toBe(0);
    expect((await today(['verify'])).status).toBe(0);
    expect((await older([...locked, join(site.root, 'c'), '--offline'])).status).toBe(0);
    expect(github.asked('cdn').length + github.asked('browser').length).toBe(fetched);
  });

  it('with a lockfile that the older one does not know: one clear sentence', async () => {
    await using github = await startReleases();
    await using site = await makeSite(github);
    const { today, older } = await versions(site);
    const path = join(site.root, 'codex-runtime.lock.json');
    expect((await today(['pin', NEW, '--lockfile', path])).status).toBe(0);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"lockfileVersion": \d/, '"lockfileVersion": 9'));
    const words = ['install', '--lockfile', path, '--frozen', '--prefix', site.prefix];
    for (const version of [older, today]) {
      const { status, stderr } = await version(words);
      expect(status).toBe(3);
      expect(stderr).toMatch(/lockfile|format|version/i);
      expect(stderr.trimEnd().split('\n').length).toBeLessThan(4);
    }
  });
});
