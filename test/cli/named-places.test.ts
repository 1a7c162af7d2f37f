import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatLock } from '../../src/lockfile/index.ts';
import { runCli } from '../support/run-cli.ts';
import { storedRuntime } from '../support/stored-runtime.ts';
import { tempDir } from '../support/temp-dir.ts';

/** One of our commands in a text: its verb and the words behind it. */
const COMMAND = /"codex-runtime ([a-z]+)([^"]*)|(?<=[\s(])codex-runtime ([a-z]+)([^."]*)/g;
const TAKES_HOME = /^(doctor|exec|install|list|prune|uninstall|verify|which)$/;

const LOCK = formatLock({ version: '0.115.0', repo: 'openai/codex', targets: {} });

/** What is true of the home or the prefix before the command runs. */
type Setting = (around: { readonly dir: string; readonly home: string }) => Promise<unknown>;

const nothing: Setting = async () => undefined;
const stored: Setting = ({ home }) => storedRuntime(home);
const installed: Setting = async (around) => {
  await stored(around);
  await run(around, ['install', '0.115.0', '--prefix', 'p']);
};
const damaged: Setting = async ({ home }) => {
  const { dir } = await storedRuntime(home);
  await rm(join(dir, 'codex-path', 'rg'));
};
const damagedPackage: Setting = async (around) => {
  await installed(around);
  await appendFile(join(around.dir, 'p/node_modules/codex-cli-bin/runtime.json'), '!');
};
const lacking: Setting = async (around) => {
  await installed(around);
  const modules = join(around.dir, 'p');
  const files = await readdir(modules, { recursive: true });
  for (const file of files.filter((path) => path.endsWith('/rg')))
    await rm(join(modules, file), { force: true });
};
const lost: Setting = async (around) => {
  await installed(around);
  await rm(join(around.dir, 'p/node_modules/codex-cli-bin'), { recursive: true, force: true });
};

async function run({ dir, home }: { dir: string; home: string }, args: readonly string[]) {
  const [verb = '', ...words] = args;
  // No variable: the default home is another one than that of --home.
  const env = { CODEX_RUNTIME_HOME: undefined };
  return await runCli([verb, '--home', home, ...words], { dir, env });
}

async function homeOf(setting: Setting) {
  const dir = await tempDir();
  const around = { dir, home: join(dir, 'my home') };
  await mkdir(join(dir, 'p'));
  await setting(around);
  return around;
}

describe('with --home, every command that is advised names that home', () => {
  it.each<[string, string, Setting]>([
    ['what the store keeps', 'uninstall --prefix p', installed],
    ['what a prefix keeps', 'uninstall 0.115.0', installed],
    ['nothing to uninstall', 'uninstall 9.9.9', stored],
    ['nothing to verify', 'verify 9.9.9', stored],
    ['a damaged runtime', 'verify', damaged],
    ['a damaged package', 'verify --prefix p', damagedPackage],
    ['a lost package', 'verify --prefix p', lost],
    ['a store that lacks the version', 'which 9.9.9 --offline', stored],
    ['a store that lacks the range', 'which ^9.9.9 --offline', stored],
    ['a question that asks the channels', 'resolve 9.9.9 --offline', stored],
    ['another version in the prefix', 'which 9.9.9 --prefix p', installed],
    ['no runtime in the prefix', 'exec 9.9.9 --prefix p', nothing],
    ['a damaged package and no version', 'install --prefix p', lacking],
    ['the doctor on a damaged store', 'doctor --offline', damaged],
    ['the doctor on a damaged package', 'doctor 0.115.0 --offline --prefix p', damagedPackage],
    ['the doctor on a lost package', 'doctor 0.115.0 --offline --prefix p', lost],
    ['the doctor on another package', 'doctor --offline', lost],
    ['the doctor on another version', 'doctor 9.9.9 --offline --prefix p', installed],
    ['--dry-run alone', 'uninstall --dry-run', nothing],
  ])('%s', async (_, line, setting) => {
    const around = await homeOf(setting);
    for (const format of [[], ['--json']]) {
      const { stdout, stderr } = await run(around, [...line.split(' '), ...format]);
      const said = (stdout + stderr).replaceAll('\\"', '"');
      const commands = [...said.matchAll(COMMAND)]
        .map(([, verb, words, plain, rest]) => [verb ?? plain ?? '', words ?? rest ?? ''] as const)
        .filter(([verb, words]) => TAKES_HOME.test(verb) && !words.includes('--help'));
      expect(commands.length).toBeGreaterThan(0);
      for (const [verb, words] of commands) {
        expect(`${verb}${words}`).toContain(`${verb} --home '${around.home}'`);
      }
    }
  });

  it('and one that was followed acts on that home', async () => {
    const around = await homeOf(installed);
    const { stderr } = await run(around, ['uninstall', '--prefix', 'p']);
    const line = /"codex-runtime (.*)" removes it/.exec(stderr)?.[1] ?? '';
    const words = line.replace(`'${around.home}'`, around.home.replace(' ', '\n')).split(' ');
    const args = words.map((word) => word.replace('\n', ' '));
    const followed = await runCli(args, {
      dir: around.dir,
      env: { CODEX_RUNTIME_HOME: undefined },
    });
    expect(followed).toMatchObject({ status: 0, stderr: '' });
    expect(followed.stdout).toContain(around.home);
  });
});

describe('with --lockfile, every command that is advised names that lockfile', () => {
  it.each([
    ['a version that it does not pin', 'install --frozen 9.9.9'],
    ['one that is missing', 'install'],
    ['one that was edited', 'install'],
  ])('%s', async (what, line) => {
    const dir = await tempDir();
    const lockfile = join(dir, 'locks', 'mine.json');
    await mkdir(join(dir, 'locks'));
    const text = what === 'one that was edited' ? LOCK.replace('0.115.0', '9.9.9') : LOCK;
    if (what !== 'one that is missing') await writeFile(lockfile, text);
    const { stderr } = await runCli([...line.split(' '), '--lockfile', 'locks/mine.json'], { dir });
    expect(stderr).toContain(`codex-runtime pin --lockfile ${lockfile}`);
  });
});
