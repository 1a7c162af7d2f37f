import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCodexHome } from '../support/codex-home.ts';
import { startModelServer } from '../support/model-server.ts';
import type { Case, Rig, Run } from './rig.ts';

const TRIPLE = 'aarch64-unknown-linux-musl';
const VERSIONS = ['0.101.0', '0.171.0'] as const;

function succeeded(run: Run): Run {
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  return run;
}

async function which(rig: Rig, version: string): Promise<string> {
  return succeeded(await rig.cli('which', version, '--source', 'npm')).stdout.trim();
}

const perVersion = Object.fromEntries(
  VERSIONS.flatMap((version): [string, Case][] => [
    [
      `installs ${version}, runs it and speaks to its app-server`,
      async (rig) => {
        const prefix = join(rig.dir, `prefix-${version}`);
        const run = await rig.cli('install', version, '--prefix', prefix, '--source', 'npm');
        const executable = succeeded(run).stdout.trim();
        const said = succeeded(await rig.run(executable, ['--version']));
        assert.equal(said.stdout.trim(), `codex-cli ${version}`);
        const command = join(prefix, 'node_modules/.bin/codex');
        assert.match(succeeded(await rig.run(command, ['--version'])).stdout, /codex-cli/);
        const verified = await rig.cli('verify', '--prefix', prefix, '--handshake', '--json');
        assert.match(succeeded(verified).stdout, new RegExp(`"target": ?"${TRIPLE}"`));
      },
    ],
    [
      `runs a turn on ${version}`,
      async (rig) => {
        const server = await startModelServer(() => ({ kind: 'text', text: 'said on arm64' }));
        try {
          const home = await makeCodexHome(server.url);
          const script = join(rig.dir, 'app/turn.mjs');
          await writeFile(script, TURN);
          const env = { TURN_EXE: await which(rig, version), TURN_HOME: home.dir };
          const run = succeeded(await rig.run(rig.nodePath, [script], { env }));
          assert.match(run.stdout, /completed: said on arm64/);
        } finally {
          await server.close();
        }
      },
    ],
  ]),
);

export const CASES: Readonly<Record<string, Case>> = {
  'knows the machine by its own Node': async (rig) => {
    const { stdout } = await rig.cli('doctor', '--offline', '--json');
    assert.match(stdout, new RegExp(`"target": ?"${TRIPLE}"`));
  },

  ...perVersion,

  'runs our npm package of it': async (rig) => {
    const out = join(rig.dir, 'packed-npm');
    const args = [
      'pack',
      '0.101.0',
      '--ecosystem',
      'node',
      '--targets',
      'linux-arm64',
      '--source',
      'npm',
    ];
    succeeded(await rig.cli(...args, '--out', out));
    const tarball = readdirSync(out).find((name) => /linux-arm64.*\.tgz$/.test(name));
    assert.ok(tarball !== undefined, readdirSync(out).join());
    const project = join(rig.dir, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{"private":true}');
    // npm itself is a script: it runs on this machine's Node, and is told of the other.
    const npm = [
      'install',
      '--cpu',
      'arm64',
      '--os',
      'linux',
      '--force',
      '--offline',
      '--no-audit',
      join(out, tarball),
    ];
    succeeded(await rig.run('npm', npm, { cwd: project }));
    const run = await rig.run(join(project, 'node_modules/.bin/codex-cli-bin-linux-arm64'), [
      '--version',
    ]);
    assert.equal(succeeded(run).stdout.trim(), 'codex-cli 0.101.0');
  },

  'runs our wheel of it': async (rig) => {
    const out = join(rig.dir, 'packed-wheel');
    const args = [
      'pack',
      '0.101.0',
      '--ecosystem',
      'python',
      '--targets',
      'linux-arm64',
      '--source',
      'npm',
    ];
    succeeded(await rig.cli(...args, '--out', out));
    const wheel = readdirSync(out).find((name) => name.endsWith('.whl'));
    assert.ok(wheel !== undefined, readdirSync(out).join());
    const venv = join(rig.dir, 'venv');
    succeeded(await rig.run('python3', ['-m', 'venv', venv]));
    const target = join(rig.dir, 'wheel');
    const pip = [
      '-m',
      'pip',
      'install',
      '--no-index',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--platform',
      'manylinux_2_17_aarch64',
    ];
    succeeded(
      await rig.run(join(venv, 'bin/python'), [...pip, '--target', target, join(out, wheel)]),
    );
    const run = await rig.run(join(target, 'codex_cli_bin/bin/codex'), ['--version']);
    assert.equal(succeeded(run).stdout.trim(), 'codex-cli 0.101.0');
  },

  'needs no library of the machine: it runs in a root that holds it alone': async (rig) => {
    const root = join(rig.dir, 'root');
    await mkdir(root);
    await copyFile(await realpath(await which(rig, '0.171.0')), join(root, 'codex'));
    const run = await rig.run('chroot', [root, '/codex', '--version'], {
      env: { CODEX_HOME: '/none' },
    });
    assert.equal(succeeded(run).stdout.trim(), 'codex-cli 0.171.0');
    assert.ok(!existsSync(join(root, 'lib')));
  },
};

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
`;
