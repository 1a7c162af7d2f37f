import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { cliEnvironment, document, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const BIN = fileURLToPath(new URL('../../bin/codex-runtime.js', import.meta.url));

describe('a command line that is wrong', () => {
  it('ends with 2, and suggests what may have been meant', async () => {
    const dir = await tempDir();
    const command = await runCli(['instal'], { dir });
    expect(command).toMatchObject({ status: 2, stdout: '' });
    expect(command.stderr).toContain('Did you mean install?');
    const option = await runCli(['install', '--ofline'], { dir });
    expect(option).toMatchObject({ status: 2, stdout: '' });
    expect(option.stderr).toContain('Did you mean --offline?');
    expect((await runCli([], { dir })).status).toBe(2);
  });

  it('leads to the help of the command that was named', async () => {
    const dir = await tempDir();
    for (const args of [['wait'], ['list', '--limit', 'x'], ['wait', '1.2.3', '1.2.4']]) {
      const run = await runCli(args, { dir });
      expect(run).toMatchObject({ status: 2, stdout: '' });
      expect(run.stderr).toContain(`codex-runtime ${args[0]} --help`);
      expect(run.stderr.trimEnd().split('\n')).toHaveLength(2);
    }
  });

  it('is told where help is asked for a command that there is not', async () => {
    const dir = await tempDir();
    for (const args of [
      ['help', 'instal'],
      ['instal', '--help'],
    ]) {
      const run = await runCli(args, { dir });
      expect(run).toMatchObject({ status: 2, stdout: '' });
      expect(run.stderr).toContain('Did you mean install?');
    }
  });

  it('is one JSON document with --json, and nothing beside it', async () => {
    const dir = await tempDir();
    for (const args of [
      ['--json'],
      ['instal', '--json'],
      ['install', '--variant', 'x', '--json'],
    ]) {
      const run = await runCli(args, { dir });
      expect(run).toMatchObject({ status: 2, stderr: '' });
      expect(document(run)).toMatchObject({ code: 'USAGE', hint: expect.any(String) });
    }
  });
});

describe('a flag that would mean nothing', () => {
  it.each([
    ['completion bash --json'],
    ['bridge socket --json'],
    ['list --limit 3'],
    ['list --source npm'],
    ['list --repo acme/codex'],
    ['resolve 1.2.3 --all-targets --target linux-x64'],
    ['wait 1.2.3 --once --timeout 1h'],
    ['wait 1.2.3 --once --interval 1s'],
    ['pin --check --verify-signature'],
    ['pin --check --trusted-root file'],
    ['stage 1.2.3 --root --target linux-x64 --out out'],
    ['stage 1.2.3 --root --variant binary --out out'],
    ['stage 1.2.3 --root --ecosystem python --out out'],
    ['install 1.2.3 --python python3'],
    ['verify --python python3'],
    ['uninstall --python python3'],
    ['uninstall --target linux-x64'],
    ['uninstall --ecosystem python --target linux-x64'],
    ['verify --target linux-x64 --prefix demo'],
    ['verify --target linux-x64 -g'],
    ['verify --target linux-x64 --name other'],
    ['verify --target linux-x64 --ecosystem python'],
  ])('%s is refused', async (line) => {
    const run = await runCli(line.split(' '), { dir: await tempDir() });
    expect(run.status).toBe(2);
    const flag = line.split(' ').find((word) => word.startsWith('--')) ?? '';
    expect(run.stdout + run.stderr).toContain(flag);
  });
});

describe('help', () => {
  it('lists every command, and ends with 0', async () => {
    const dir = await tempDir();
    const run = await runCli(['--help'], { dir });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    for (const { name, summary } of COMMANDS) {
      expect(run.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
      expect(run.stdout.replace(/\s+/g, ' ')).toContain(summary);
    }
  });
});

describe('a closed pipe', () => {
  it.each(['stdout', 'stderr'] as const)('is no failure: %s', async (name) => {
    const dir = await tempDir();
    const args = name === 'stdout' ? ['completion', 'bash'] : ['list', '--nonsense'];
    const child = spawn(process.execPath, [BIN, ...args], { env: cliEnvironment(dir), cwd: dir });
    child[name].destroy();
    let other = '';
    child[name === 'stdout' ? 'stderr' : 'stdout'].on('data', (chunk: Buffer) => {
      other += chunk.toString();
    });
    expect(await once(child, 'close')).toEqual([name === 'stdout' ? 0 : 2, null]);
    expect(other).toBe('');
  });
});
