import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeCodexHome } from '../support/codex-home.ts';
import { startModelServer } from '../support/model-server.ts';
import { type Rig, type Run, SMALL } from './rig.ts';
import { ON_WINDOWS, stopPrograms, windowsPath } from './wine.ts';

type Case = (rig: Rig) => Promise<void>;

/** The smallest real build, and newer ones. */
const REAL = '0.101.0';
const NEWER = '0.116.0';
const NEWEST = '0.171.0';
const [OLD, NEW] = SMALL;
const MODULES = 'node_modules/codex-cli-bin';
const EXE = `${MODULES}/bin/codex.exe`;

function succeeded(run: Run): Run {
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  return run;
}

async function installSmall(rig: Rig, version: string, prefix: string, rigged = {}): Promise<Run> {
  const args = ['install', version, '--prefix', windowsPath(prefix), '--source', rig.small];
  return await rig.cli(args, { rig: rigged });
}

/** Which version the prefix shows to who reads it, healing what a killed run left. */
async function shown(rig: Rig, prefix: string, rigged = {}): Promise<string> {
  const args = ['verify', '--prefix', windowsPath(prefix), '--json'];
  const { stdout } = succeeded(await rig.cli(args, { rig: rigged }));
  return /"version": ?"([^"]+)"/.exec(stdout)?.[1] ?? stdout;
}

/** Kills an installation before its first, second … rename, until one lives to its end. */
async function killAtEveryRename(rig: Rig, rigged: Record<string, string>): Promise<void> {
  const prefix = await rig.place('killed');
  for (const version of [OLD, NEW]) succeeded(await installSmall(rig, version, prefix, rigged));
  let [present, next]: [string, string] = [NEW, OLD];
  let kills = 0;
  for (let nth = 1; ; nth += 1) {
    const run = await installSmall(rig, next, prefix, { ...rigged, RIG_KILL_AT: String(nth) });
    const found = await shown(rig, prefix, rigged);
    assert.ok(found === present || found === next, `after a kill at rename ${nth}: ${found}`);
    if (found === next) [present, next] = [next, present];
    if (run.status === 0) break;
    kills += 1;
  }
  assert.ok(kills >= 2, `${kills} kills`);
  succeeded(await installSmall(rig, next, prefix, rigged));
  const builds = readdirSync(join(prefix, '.codex-cli-bin'), { withFileTypes: true });
  const expected = 'RIG_NO_JUNCTIONS' in rigged ? 0 : 1;
  assert.equal(builds.filter((entry) => entry.isDirectory()).length, expected, 'leftovers');
}

/** Starts a program that runs until it is ended, and waits until it does run. */
async function startWaiting(rig: Rig, file: string): Promise<{ stop: () => Promise<void> }> {
  const { child, ended } = rig.start(file, ['wait']);
  await pause(3000);
  return {
    async stop() {
      child.kill();
      stopPrograms(rig.dir);
      await ended;
    },
  };
}

export const CASES: Readonly<Record<string, Case>> = {
  'installs, verifies and speaks to the real 0.101.0': async (rig) => {
    const prefix = windowsPath(await rig.place('real'));
    const { stdout } = succeeded(
      await rig.cli(['install', REAL, '--prefix', prefix, '--source', 'npm']),
    );
    assert.equal(stdout.trim(), `${prefix}\\${EXE.replaceAll('/', '\\')}`);
    const verified = await rig.cli(['verify', '--prefix', prefix, '--handshake', '--json']);
    assert.match(succeeded(verified).stdout, /"userAgent": ?"[^"]*\/0\.101\.0 \(Windows/);
    const again = succeeded(await rig.cli(['install', REAL, '--prefix', prefix, '--json']));
    assert.match(again.stdout, /"source": ?"prefix"/);
  },

  'installs the real 0.116.0 over 0.101.0, under node.exe 22': async (rig) => {
    const prefix = windowsPath(await rig.place('switch'));
    succeeded(
      await rig.cli(['install', REAL, '--prefix', prefix, '--source', 'npm'], { node: '22' }),
    );
    succeeded(
      await rig.cli(['install', NEWER, '--prefix', prefix, '--source', 'npm'], { node: '22' }),
    );
    const run = await rig.cli(['exec', '--prefix', prefix, '--', '--version'], { node: '22' });
    assert.equal(succeeded(run).stdout.trim(), `codex-cli ${NEWER}`);
  },

  'runs a turn on 0.101.0 and 0.116.0': async (rig) => {
    const server = await startModelServer(() => ({ kind: 'text', text: 'said on Windows' }));
    try {
      for (const version of [REAL, NEWER]) {
        const { stdout } = succeeded(await rig.cli(['which', version, '--source', 'npm']));
        const home = await makeCodexHome(server.url);
        const script = join(rig.dir, 'app/turn.mjs');
        await writeFile(script, TURN);
        const env = { TURN_EXE: stdout.trim(), TURN_HOME: windowsPath(home.dir) };
        const run = await rig.node([windowsPath(script)], { env });
        assert.match(succeeded(run).stdout, /completed: said on Windows/);
      }
    } finally {
      await server.close();
    }
  },

  'ends a server with all that it has started': async (rig) => {
    const prefix = await rig.place('tree');
    succeeded(await installSmall(rig, OLD, prefix));
    const script = join(rig.dir, 'app/tree.mjs');
    await writeFile(script, TREE);
    const env = {
      TREE_EXE: windowsPath(join(prefix, EXE)),
      TREE_PID_FILE: windowsPath(join(prefix, 'pid')),
    };
    const run = await rig.node([windowsPath(script)], { env });
    assert.match(succeeded(run).stdout, /^started, gone$/m);
  },

  'installs on another drive, where no link to the store can be made': async (rig) => {
    const drive = await mkdtemp(join(otherDrive(rig.dir), 'codex-runtime-'));
    try {
      succeeded(await installSmall(rig, OLD, drive));
      assert.equal(await shown(rig, drive), OLD);
    } finally {
      await rm(drive, { recursive: true, force: true });
    }
  },

  'replaces and removes a codex.exe that runs': async (rig) => {
    const prefix = await rig.place('running');
    succeeded(await installSmall(rig, OLD, prefix));
    const [build = ''] = readdirSync(join(prefix, '.codex-cli-bin'));
    const running = await startWaiting(
      rig,
      join(prefix, '.codex-cli-bin', build, 'codex-cli-bin/bin/codex.exe'),
    );
    const upgrade = succeeded(await installSmall(rig, NEW, prefix));
    assert.match(upgrade.stderr, /The old version is still running/);
    assert.equal(await shown(rig, prefix), NEW);
    const removal = await rig.cli(['uninstall', '--prefix', windowsPath(prefix)]);
    assert.match(succeeded(removal).stderr, /The old version is still running/);
    assert.ok(!existsSync(join(prefix, MODULES)));
    await running.stop();
    succeeded(await rig.cli(['uninstall', '--prefix', windowsPath(prefix)]));
    assert.ok(!existsSync(join(prefix, '.codex-cli-bin')));
  },

  "knows another program's codex.cmd, and leaves it": async (rig) => {
    const prefix = await rig.place('foreign');
    succeeded(await installSmall(rig, OLD, prefix));
    const command = join(prefix, 'node_modules/.bin/codex.cmd');
    await writeFile(command, '@"C:\\other.exe" %*\r\n');
    assert.equal((await rig.cli(['verify', '--prefix', windowsPath(prefix)])).status, 9);
    const doctor = await rig.cli(['doctor', '--offline', '--prefix', windowsPath(prefix)]);
    assert.match(doctor.stdout, /codex\.cmd does not lead to codex-cli-bin/);
    const again = await installSmall(rig, OLD, prefix);
    assert.match(again.stderr, /codex\.cmd was made neither by codex-runtime/);
    assert.notEqual(again.status, 0);
    succeeded(await rig.cli(['uninstall', '--prefix', windowsPath(prefix)]));
    assert.match(await readFile(command, 'utf8'), /other\.exe/);
  },

  'installs where native realpath fails, as on a RAM disk': async (rig) => {
    const prefix = await rig.place('ramdisk');
    const rigged = { RIG_NO_REALPATH: '1' };
    for (const version of [OLD, NEW]) succeeded(await installSmall(rig, version, prefix, rigged));
    assert.equal(await shown(rig, prefix, rigged), NEW);
  },

  'waits for a program that blocks each rename and removal for a moment': async (rig) => {
    const prefix = await rig.place('blocked');
    const rigged = { RIG_BLOCKED_MS: '300' };
    for (const version of [OLD, NEW]) succeeded(await installSmall(rig, version, prefix, rigged));
    assert.equal(await shown(rig, prefix), NEW);
  },

  'shows the old package or the new one after a kill at each rename': (rig) =>
    killAtEveryRename(rig, {}),

  'does so where there are no junctions': (rig) =>
    killAtEveryRename(rig, { RIG_NO_JUNCTIONS: '1' }),

  'says once that there are no links': async (rig) => {
    const prefix = await rig.place('exfat');
    const rigged = { RIG_NO_JUNCTIONS: '1' };
    const first = succeeded(await installSmall(rig, OLD, prefix, rigged));
    assert.match(first.stderr, /has no links/);
    const again = succeeded(await installSmall(rig, OLD, prefix, rigged));
    assert.doesNotMatch(again.stderr, /has no links/);
    const run = await rig.cli([
      'exec',
      '--prefix',
      windowsPath(prefix),
      '--',
      'words',
      'a b',
      '"',
      '%PATH%',
      '&',
      '',
    ]);
    assert.equal(run.status, 7);
    assert.equal(run.stdout.trim(), '[a b]["][%PATH%][&][]');
  },

  'reads a lockfile with a byte-order mark and CRLF': async (rig) => {
    const cwd = await rig.place('locked');
    succeeded(await rig.cli(['pin', OLD, '--source', rig.small], { cwd }));
    const path = join(cwd, 'codex-runtime.lock.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, `\uFEFF${text.replaceAll('\n', '\r\n')}`);
    const args = ['install', '--frozen', '--source', rig.small, '--prefix', windowsPath(cwd)];
    succeeded(await rig.cli(args, { cwd }));
    assert.equal(await shown(rig, cwd), OLD);
  },

  'prepares a build for Linux without a privilege': async (rig) => {
    const prefix = await rig.place('linux');
    const args = ['install', OLD, '--target', 'linux-x64', '--source', rig.small];
    succeeded(await rig.cli([...args, '--prefix', windowsPath(prefix)]));
    assert.ok(existsSync(join(prefix, MODULES, 'bin/codex')));
  },

  'is not blocked by what cannot be removed from staging': async (rig) => {
    const home = await rig.place('home');
    const prefix = await rig.place('source');
    succeeded(await installSmall(rig, OLD, prefix));
    const left = join(
      home,
      'staging',
      `${NEW}_x86_64-pc-windows-msvc.00000000-0000-4000-8000-000000000000`,
    );
    await mkdir(join(left, 'bin'), { recursive: true });
    const exe = join(left, 'bin/codex.exe');
    await writeFile(exe, await readFile(join(prefix, EXE)));
    const running = await startWaiting(rig, exe);
    const args = [
      'exec',
      NEW,
      '--home',
      windowsPath(home),
      '--source',
      rig.small,
      '--',
      '--version',
    ];
    assert.equal(succeeded(await rig.cli(args)).stdout.trim(), `codex-cli ${NEW}`);
    assert.ok(existsSync(exe), 'it did not run: the case shows nothing');
    await running.stop();
  },

  'takes paths with spaces, signs and more than 260 characters': async (rig) => {
    const odd = await rig.place('a b & c %PATH% (1)');
    succeeded(await installSmall(rig, OLD, odd));
    assert.equal(await shown(rig, odd), OLD);
    // Files may have longer paths, but Windows starts no program from one: that is said.
    const long = await rig.place(`long/${`${'x'.repeat(60)}/`.repeat(5)}end`);
    succeeded(await installSmall(rig, OLD, long));
    const run = await rig.cli(['verify', '--prefix', windowsPath(long)]);
    assert.equal(run.status, 9);
    assert.match(run.stderr, /longer than 259 characters/);
  },

  'replaces and removes read-only files': async (rig) => {
    const prefix = await rig.place('read-only');
    succeeded(await installSmall(rig, OLD, prefix));
    await chmod(join(prefix, EXE), 0o444);
    await chmod(join(prefix, 'package.json'), 0o444);
    succeeded(await installSmall(rig, NEW, prefix));
    assert.equal(await shown(rig, prefix), NEW);
    succeeded(await rig.cli(['uninstall', '--prefix', windowsPath(prefix)]));
  },

  'works without USERPROFILE and LOCALAPPDATA': async (rig) => {
    const prefix = await rig.place('unset');
    const rigged = { RIG_UNSET: 'USERPROFILE,LOCALAPPDATA,APPDATA,HOMEPATH' };
    succeeded(await installSmall(rig, OLD, prefix, rigged));
    assert.equal(await shown(rig, prefix, rigged), OLD);
  },

  'lets two and five installers work on one prefix at once': async (rig) => {
    for (const many of [2, 5]) {
      const prefix = await rig.place(`crowd${many}`);
      const home = windowsPath(await rig.place('home'));
      const runs = await Promise.all(
        Array.from({ length: many }, (_, index) => {
          const args = ['install', index % 2 === 0 ? OLD : NEW, '--prefix', windowsPath(prefix)];
          return rig.cli([...args, '--source', rig.small, '--home', home]);
        }),
      );
      for (const run of runs) succeeded(run);
      assert.ok([OLD, NEW].some((version) => version === readVersion(prefix)));
      succeeded(await rig.cli(['verify', '--prefix', windowsPath(prefix)]));
    }
  },
};

/** What can only be had in Wine: a library that is missing, and an app-server that ends at its start. */
export const WINE_CASES: Readonly<Record<string, Case>> = {
  'names the library that a real codex.exe lacks': async (rig) => {
    const env = { WINEDLLOVERRIDES: 'vcruntime140=' };
    const run = await rig.cli(['exec', REAL, '--source', 'npm', '--', '--version'], { env });
    assert.notEqual(run.status, 0);
    assert.match(run.stderr, /VCRUNTIME140\.dll.*Redistributable/);
  },

  'quotes the stderr of 0.171.0 when its app-server ends': async (rig) => {
    const prefix = windowsPath(await rig.place('newest'));
    succeeded(await rig.cli(['install', NEWEST, '--prefix', prefix, '--source', 'npm']));
    const version = await rig.cli(['exec', '--prefix', prefix, '--', '--version']);
    assert.match(succeeded(version).stdout, /codex-cli 0\.171\.0/);
    const run = await rig.cli(['verify', '--prefix', prefix, '--handshake', '--json']);
    assert.equal(run.status, 9);
    assert.match(run.stdout, /Lock violation|os error 33/);
  },
};

/** A directory where a link to what lies in `dir` cannot be made; tmpfs is one, as another drive is. */
function otherDrive(dir: string): string {
  if (!ON_WINDOWS) return '/dev/shm';
  const drives = ['C', 'D', 'E', 'F'].filter((letter) => !dir.toUpperCase().startsWith(letter));
  const found = drives.map((letter) => `${letter}:\\`).find((drive) => existsSync(drive));
  assert.ok(found !== undefined, 'this machine has one drive alone');
  return found;
}

function readVersion(prefix: string): string | undefined {
  return readdirSync(join(prefix, '.codex-cli-bin'))
    .map((name) => /^\d+\.\d+\.\d+/.exec(name)?.[0])
    .find((version) => version !== undefined);
}

/** A server that never answers: the client gives up, and ends it. */
const TREE = `
import { readFileSync } from 'node:fs';
import { Codex } from 'codex-runtime/app-server';
const { TREE_EXE, TREE_PID_FILE } = process.env;
const isAlive = (pid) => { try { return process.kill(pid, 0) } catch { return false } };
let pid;
const looking = setInterval(() => {
  try { pid ??= Number(readFileSync(TREE_PID_FILE, 'utf8')) || undefined } catch {}
}, 50);
const failure = await Codex.start({ codexPath: TREE_EXE, env: process.env, startTimeoutMs: 8_000 })
  .then(() => 'it answered', (error) => error.code);
clearInterval(looking);
const wasStarted = pid !== undefined;
for (let i = 0; i < 100 && isAlive(pid); i++) await new Promise((later) => setTimeout(later, 100));
console.log((wasStarted ? 'started' : 'not started: ' + failure) + ', ' + (isAlive(pid) ? 'alive' : 'gone'));
process.exit(0);
`;

const TURN = `
import { Codex } from 'codex-runtime/app-server';
const { TURN_EXE, TURN_HOME } = process.env;
const codex = await Codex.start({
  codexPath: TURN_EXE,
  env: { ...process.env, CODEX_HOME: TURN_HOME },
});
const thread = await codex.startThread();
const result = await (await thread.turn('Hello.')).run();
console.log(result.status + ': ' + result.finalResponse);
await codex.close();
process.exit(0);
`;
