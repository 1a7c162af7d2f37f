import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { whyNotNobody } from '../support/as-nobody.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

/** An account of which the system knows nothing but the number. */
const UNKNOWN = 54_321;

/** A directory that everybody may look into. */
async function openDir(): Promise<string> {
  const dir = await tempDir();
  await chmod(dir, 0o755);
  return dir;
}

async function releases() {
  const github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
  onTestFinished(() => github.close());
  return github;
}

describe.skipIf(whyNotNobody !== null)(`another account${whyNotNobody ?? ''}`, () => {
  it('uses a store that it can only read', async () => {
    const { env } = await releases();
    const dir = await openDir();
    expect((await runCli(['which', '1.2.3'], { dir, env })).status).toBe(0);
    const home = join(dir, 'home');
    for (const name of ['', ...(await readdir(home, { recursive: true }))]) {
      const path = join(home, name);
      await chmod(path, (await stat(path)).mode & 0o555);
    }
    const run = await runCli(['exec', '1.2.3', '--offline', '--', 'args', 'x'], {
      dir,
      env,
      uid: UNKNOWN,
    });
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: 'x\n' });
  });

  it('is told that nothing is stored, where it may fetch nothing and the home is read-only', async () => {
    const dir = await openDir();
    await mkdir(join(dir, 'home'), { mode: 0o555 });
    const run = await runCli(['which', '1.2.3', '--offline', '--json'], { dir, uid: UNKNOWN });
    expect(run.status, run.stderr).toBe(5);
    expect(document(run)).toMatchObject({ code: 'OFFLINE' });
  });

  it.each([
    ['which 1.2.3 --offline', ''],
    ['which latest --offline', ''],
    ['exec ^1.0.0 --offline', 'store'],
    ['which 1.2.3 --offline', 'store'],
    ['which 1.2.3 --offline', 'store/1.2.3'],
    ['install latest --offline --prefix p', 'store'],
    ['install 1.2.3 --offline --dry-run --prefix p', 'store'],
    ['list', ''],
    ['list', 'store'],
    ['list', 'prefixes'],
    ['prune --dry-run', ''],
    ['prune --dry-run', 'store'],
    ['prune --dry-run', 'staging'],
    ['prune --dry-run', 'partial'],
    ['uninstall 1.2.3', ''],
    ['uninstall 1.2.3', 'store'],
    ['uninstall --everything --dry-run', ''],
    ['uninstall --everything --dry-run', 'locks'],
    ['verify', ''],
    ['verify', 'store'],
    ['doctor 1.2.3 --offline', ''],
    ['doctor 1.2.3 --offline', 'store'],
  ])(
    'is told by %s that it may not look into the home (%s), which is not empty',
    async (line, closed) => {
      const { env } = await releases();
      const dir = await openDir();
      for (const name of ['p', 'q']) await mkdir(join(dir, name));
      await chmod(join(dir, 'p'), 0o777);
      expect((await runCli(['install', '1.2.3', '--prefix', 'q'], { dir, env })).status).toBe(0);
      for (const name of ['staging', 'partial', 'locks'])
        await mkdir(join(dir, 'home', name), { recursive: true });
      await chmod(join(dir, 'home', closed), 0o700);
      const run = await runCli([...line.split(' '), '--json'], { dir, env, uid: UNKNOWN });
      expect(run.status, run.stdout + run.stderr).toBe(8);
      expect(run.stdout).toContain('PERMISSION_DENIED');
      expect(run.stdout).toContain(join(dir, 'home', closed));
    },
  );

  it.each([
    ['which 1.2.3 --prefix q --offline', 'q'],
    ['exec 1.2.3 --prefix q --offline', 'q/node_modules'],
    ['verify --prefix q', 'q'],
    ['verify --prefix q', 'q/node_modules'],
    ['uninstall --prefix q', 'q'],
    ['uninstall --prefix q', 'q/node_modules'],
  ])(
    'is told by %s that it may not look into the prefix (%s), which is not empty',
    async (line, closed) => {
      const { env } = await releases();
      const dir = await openDir();
      await mkdir(join(dir, 'q'));
      expect((await runCli(['install', '1.2.3', '--prefix', 'q'], { dir, env })).status).toBe(0);
      await chmod(join(dir, closed), 0o700);
      const run = await runCli([...line.split(' '), '--json'], { dir, env, uid: UNKNOWN });
      expect(run.status, run.stdout + run.stderr).toBe(8);
      expect(document(run)).toMatchObject({ code: 'PERMISSION_DENIED', path: join(dir, closed) });
    },
  );

  it('is told before anything is fetched that it may not write to the store', async () => {
    const github = await releases();
    const dir = await openDir();
    await mkdir(join(dir, 'home'), { mode: 0o555 });
    const run = await runCli(['which', '1.2.3', '--json'], { dir, env: github.env, uid: UNKNOWN });
    expect(run.status, run.stderr).toBe(8);
    const { code, message } = document(run);
    expect(code).toBe('PERMISSION_DENIED');
    expect(message).toContain('into the store');
    expect(github.asked('cdn')).toEqual([]);
  });

  it('needs no home of its own when the one for runtimes is named', async () => {
    const { env } = await releases();
    const dir = await openDir();
    await mkdir(join(dir, 'home'));
    await chmod(join(dir, 'home'), 0o777);
    const homeless = { ...env, HOME: undefined };
    const run = await runCli(['which', '1.2.3'], { dir, env: homeless, uid: UNKNOWN });
    expect(run, run.stderr).toMatchObject({ status: 0 });
  });

  it.each([undefined, ''])('is asked for one otherwise (HOME is %j)', async (HOME) => {
    const dir = await openDir();
    const env = { HOME, CODEX_RUNTIME_HOME: undefined };
    const run = await runCli(['which', '1.2.3', '--json'], { dir, env, uid: UNKNOWN });
    expect(run.status, run.stderr).toBe(2);
    expect(document(run)['hint']).toContain('CODEX_RUNTIME_HOME');
  });
});
