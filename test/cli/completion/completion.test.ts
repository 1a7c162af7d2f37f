import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

const DRIVER = fileURLToPath(new URL('fixtures/complete.bash', import.meta.url));
const NAMES = COMMANDS.map(({ name }) => name).sort();

/** Writes a shell's script into a directory where `demo dir/` and `demo.txt` lie. */
async function scriptFor(shell: string): Promise<{ dir: string; path: string; text: string }> {
  const dir = await tempDir();
  const run = await runCli(['completion', shell], { dir });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  const path = join(dir, 'completion');
  await writeFile(path, run.stdout);
  await mkdir(join(dir, 'demo dir'));
  await writeFile(join(dir, 'demo.txt'), '');
  return { dir, path, text: run.stdout };
}

/** Why a shell cannot be tested here, to follow a title; empty where it can. */
function lack(shell: string): string {
  try {
    execFileSync(shell, ['-c', ':'], { stdio: 'ignore' });
    return '';
  } catch {
    return ` (skipped: there is no ${shell} here)`;
  }
}

const NO_FISH = lack('fish');
const NO_ZSH = lack('zsh');

describe('completion for bash', () => {
  /** What bash offers for a line; the last word is the one being typed. */
  async function offered(dir: string, path: string, words: readonly string[]): Promise<string[]> {
    const args = ['--norc', DRIVER, path, 'codex-runtime', ...words];
    const { stdout } = await promisify(execFile)('bash', args, { cwd: dir });
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('offers every command, every option and the values that are known', async () => {
    const { dir, path } = await scriptFor('bash');
    const all = await offered(dir, path, ['']);
    expect(all.filter((word) => !word.startsWith('-')).sort()).toEqual(NAMES);
    expect(await offered(dir, path, ['pr'])).toEqual(['prune']);
    expect(await offered(dir, path, ['prune', '--d'])).toEqual(['--dry-run']);
    expect(await offered(dir, path, ['install', '0.115.0', '--variant', 'b'])).toEqual(['binary']);
    expect(await offered(dir, path, ['install', '--variant', '='])).toHaveLength(3);
    expect(await offered(dir, path, ['install', '--variant', '=', 'pa'])).toEqual(['package']);
    expect(await offered(dir, path, ['wait', '0.1.0', '--target', 'linux'])).toEqual([
      'linux-arm64',
      'linux-x64',
    ]);
    expect(await offered(dir, path, ['completion', 'z'])).toEqual(['zsh']);
  });

  it('offers directories and files where they belong, with their spaces', async () => {
    const { dir, path } = await scriptFor('bash');
    expect(await offered(dir, path, ['install', '--prefix', 'dem'])).toEqual(['demo dir']);
    expect((await offered(dir, path, ['bridge', 'dem'])).sort()).toEqual(['demo dir', 'demo.txt']);
  });

  it('leaves what belongs to Codex alone', async () => {
    const { dir, path } = await scriptFor('bash');
    expect(await offered(dir, path, ['exec', '0.115.0', '--', '--'])).not.toContain('--json');
    expect(await offered(dir, path, ['nonsense', '--'])).toEqual([]);
  });
});

describe('completion for fish', () => {
  it.skipIf(NO_FISH !== '')(`offers commands, options and values${NO_FISH}`, async () => {
    const { dir, path } = await scriptFor('fish');
    const offered = async (line: string) => {
      const args = ['--no-config', '-c', `source ${path}; complete -C '${line}'`];
      const env = { ...process.env, HOME: dir };
      const { stdout } = await promisify(execFile)('fish', args, { cwd: dir, env });
      return stdout
        .split('\n')
        .filter((row) => row !== '')
        .map((row) => row.split('\t')[0]);
    };
    expect((await offered('codex-runtime ')).sort()).toEqual(NAMES);
    expect(await offered('codex-runtime prune --d')).toEqual(['--dry-run']);
    expect(await offered('codex-runtime install --variant b')).toEqual(['binary']);
    expect(await offered('codex-runtime completion z')).toEqual(['zsh']);
    expect(await offered('codex-runtime install --prefix dem')).toEqual(['demo dir/']);
  });

  it('names every command and option', async () => {
    const { text } = await scriptFor('fish');
    for (const name of NAMES) expect(text).toContain(`-n __fish_use_subcommand -a '${name}' -d '`);
    expect(text).toContain("'__fish_seen_subcommand_from prune' -l dry-run -d '");
  });
});

describe('completion for zsh', () => {
  it.skipIf(NO_ZSH !== '')(`completes on a terminal${NO_ZSH}`, async () => {
    const { dir, path } = await scriptFor('zsh');
    // Each line is completed by a tab and then printed instead of being run.
    await writeFile(
      join(dir, '.zshrc'),
      [
        'autoload -Uz compinit && compinit -u -d "$ZDOTDIR/dump"',
        'PS1="> "',
        `source ${path}`,
        'show() { print -r -- "<$BUFFER>"; BUFFER=; zle accept-line }',
        'zle -N show',
        "bindkey '^X' show",
      ].join('\n'),
    );
    const child = spawn('script', ['-qec', 'zsh -i', '/dev/null'], {
      cwd: dir,
      env: { HOME: dir, ZDOTDIR: dir, PATH: '/usr/bin:/bin', TERM: 'dumb' },
    });
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
    });
    const seen = async (text: string) => {
      await expect.poll(() => screen, { timeout: 40_000 }).toContain(text);
    };
    await seen('> ');
    for (const [typed, completed] of [
      ['codex-runtime pru', 'codex-runtime prune '],
      ['codex-runtime prune --dr', 'codex-runtime prune --dry-run '],
      ['codex-runtime install --variant bi', 'codex-runtime install --variant binary '],
      ['codex-runtime completion z', 'codex-runtime completion zsh '],
      ['codex-runtime install --prefix demo', 'codex-runtime install --prefix demo\\ dir/'],
    ]) {
      child.stdin.write(`${typed}\t\u0018`);
      await seen(`<${completed}>`);
    }
    child.stdin.end('exit\n');
    await once(child, 'close');
  });

  it('names every command and option', async () => {
    const { text } = await scriptFor('zsh');
    for (const name of NAMES) expect(text).toMatch(new RegExp(`^ {4}${name}\\)$`, 'm'));
    expect(text).toContain("'--dry-run[say what would go, and remove nothing]'");
  });
});

describe('codex-runtime completion', () => {
  it('knows three shells', async () => {
    const dir = await tempDir();
    expect((await runCli(['completion', 'tcsh'], { dir })).status).toBe(2);
    expect((await runCli(['completion'], { dir })).status).toBe(2);
  });
});
