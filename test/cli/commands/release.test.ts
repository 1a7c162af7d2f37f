import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureRelease } from '../../support/miniature-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { npmUser, startRegistry } from '../../support/verdaccio.ts';

describe('codex-runtime stage', () => {
  it('makes a package directory and prints it', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const run = await runCli(['stage', '1.2.3', '--target', 'win32-x64', '--out', 'p'], around);
    expect(run).toMatchObject({ status: 0, stdout: `${join(around.dir, 'p')}\n` });
    const manifest = JSON.parse(await readFile(join(around.dir, 'p/package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'codex-cli-bin', bin: { codex: 'bin/codex.exe' } });
    const again = await runCli(['stage', '1.2.3', '--out', 'p', '--json'], around);
    expect(again.status).toBe(8);
    expect(document(again)).toMatchObject({ code: 'PREFIX_INVALID' });
    const root = await runCli(['stage', '1.2.3', '--root', '--out', 'r', '--json'], around);
    expect(document(root)).toMatchObject({ target: null, executable: null });
    const python = ['stage', '1.2.3', '--ecosystem', 'python', '--out', 'w', '--json'];
    expect(document(await runCli(python, around))).toMatchObject({
      name: 'codex_cli_bin',
      executable: join(around.dir, 'w/codex_cli_bin/bin/codex'),
    });
  });
});

/** What a command with `--json` tells a pipeline's log: nothing but lines of JSON. */
function eventsOf({ stderr }: { readonly stderr: string }) {
  const lines = stderr.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('codex-runtime pack and publish', () => {
  it('go from a version to a registry', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const dir = await tempDir();
    const around = { dir, env: github.env };
    const packed = await runCli(['pack', '1.2.3', '--out', 'dist', '--json'], around);
    expect(packed.status).toBe(0);
    const { files } = document(packed) as { files: Record<string, unknown>[] };
    expect(files).toHaveLength(13);
    for (const file of files) {
      expect(Object.keys(file)).toEqual(
        expect.arrayContaining(['path', 'size', 'sha256', 'target', 'ecosystem']),
      );
    }
    expect(await readdir(join(dir, 'dist'))).toHaveLength(18);
    const making = eventsOf(packed);
    expect(making.filter(({ type }) => type === 'packed')).toHaveLength(files.length);
    expect(making).toContainEqual(expect.objectContaining({ type: 'asset', version: '1.2.3' }));

    const registry = await startRegistry();
    try {
      const env = await npmUser(dir, registry.url);
      const publish = ['publish', 'dist', '--registry', registry.url];
      const preview = await runCli([...publish, '--dry-run'], { dir, env });
      expect(preview.stdout.trim().split('\n')).toHaveLength(7);
      expect(preview.stderr).toContain('twine upload');
      const published = await runCli([...publish, '--json'], { dir, env });
      expect(published.status).toBe(0);
      expect(document(published)).toMatchObject({ version: '1.2.3', wheels: { length: 6 } });
      const told = eventsOf(published);
      const steps = told.filter(({ type }) => type === 'step').map(({ type: _, ...step }) => step);
      expect(steps).toEqual(document(published)['steps']);
      const sent = told.filter(({ what }) => what === 'Publishing');
      expect(sent.at(-1)?.['done']).toBe(sent.at(-1)?.['total']);
      const quiet = await runCli([...publish, '--json', '--quiet'], { dir, env });
      expect(quiet.stderr).toBe('');
      const seen = await fetch(`${registry.url}codex-cli-bin`);
      expect(await seen.json()).toMatchObject({ 'dist-tags': { latest: '1.2.3' } });
    } finally {
      await registry.close();
    }
  });

  it('name the target whose release lacks its asset, and write nothing', async () => {
    const whole = await miniatureRelease('1.2.3');
    const lacking = {
      ...whole,
      assets: whole.assets.filter(({ name }) => !name.includes('aarch64-pc-windows-msvc')),
      builds: whole.builds.filter(({ version }) => !version.endsWith('win32-arm64')),
    };
    await using github = await startLoopbackGitHub({ releases: [lacking] });
    const dir = await tempDir();
    const run = await runCli(['pack', '1.2.3', '--json'], { dir, env: github.env });
    expect(run.status).toBe(4);
    expect(JSON.stringify(document(run))).toContain('aarch64-pc-windows-msvc');
    expect(await readdir(dir)).not.toContain('dist');
  });

  it('refuse what they do not understand', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), '');
    const cases: readonly (readonly [readonly string[], number])[] = [
      [['pack', '1.2.3', '--targets', 'solaris-sparc'], 7],
      [['pack', '1.2.3', '--ecosystem', 'ruby'], 2],
      [['pack', '1.2.3', '--download-url', 'nowhere'], 2],
      [['publish', 'file'], 2],
      [['publish', 'missing'], 2],
      [['install', '1.2.3', '--ecosystem', 'python', '-g'], 2],
      [['verify', '--ecosystem', 'python', '-g'], 2],
      [['uninstall', '--ecosystem', 'python', '-g'], 2],
      [['uninstall', '1.2.3', '--ecosystem', 'python'], 2],
    ];
    for (const [args, status] of cases) {
      expect([args, (await runCli(args, { dir })).status]).toEqual([args, status]);
    }
  });
});

describe('codex-runtime install --ecosystem python', () => {
  it('installs a wheel through pip, and leaves it alone the second time', async () => {
    await using github = await startLoopbackGitHub({
      releases: [await miniatureRelease('1.2.3-alpha.4')],
    });
    const around = { dir: await tempDir(), env: github.env };
    const args = ['install', '--ecosystem', 'python', '--prefix', 'site', '--json'];
    const run = await runCli([...args, '--', '1.2.3a4'], around);
    // pip says nothing for seconds.
    expect(run.stderr).toMatch(
      /^Installing with pip of \S*python3\S*, which takes some seconds\.$/m,
    );
    const first = document(run);
    expect(first).toMatchObject({
      version: '1.2.3-alpha.4',
      executable: join(around.dir, 'site/codex_cli_bin/bin/codex'),
      package: { name: 'codex-cli-bin', version: '1.2.3a4' },
    });
    // Without a version, what is there and whole is accepted, without a request.
    const requests = github.requests.length;
    const again = document(await runCli(args, around));
    expect(again).toMatchObject({ version: '1.2.3-alpha.4', source: 'prefix', downloaded: 0 });
    expect(github.requests).toHaveLength(requests);
    const preview = document(await runCli([...args, '--dry-run'], around));
    expect(preview).toMatchObject({ version: '1.2.3-alpha.4', action: 'none' });
    // The command needs no PYTHONPATH, which pip's own script would.
    const command = join(around.dir, 'site/bin/codex');
    expect(execFileSync(command, ['--version'], { env: {} }).toString()).toBe(
      'codex-cli 1.2.3-alpha.4\n',
    );
  });

  it('is held to its bytes by verify and taken back by uninstall, in a directory and an environment', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    execFileSync('python3', ['-m', 'venv', join(around.dir, 'venv')]);
    await mkdir(join(around.dir, 'site/bin'), { recursive: true });
    await writeFile(join(around.dir, 'site/bin/other'), 'kept');
    for (const where of [
      ['--prefix', 'site'],
      ['--python', 'venv/bin/python'],
    ]) {
      const to = ['--ecosystem', 'python', ...where, '--json'];
      const installed = document(await runCli(['install', '1.2.3', ...to], around));
      const { executable, package: present } = installed;
      const verified = document(await runCli(['verify', ...to], around));
      expect(verified).toMatchObject({ runtimes: [{ version: '1.2.3', damages: [] }] });
      const bytes = await readFile(String(executable));
      await writeFile(String(executable), bytes.fill((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1));
      const damaged = await runCli(['verify', ...to], around);
      expect(damaged.status).toBe(9);
      expect(document(damaged)).toMatchObject({
        code: 'DAMAGED',
        damages: [{ path: 'bin/codex', kind: 'digest' }],
        hint: expect.stringContaining(`${where[0]} ${join(around.dir, where[1] ?? '')}`),
      });
      expect(document(await runCli(['uninstall', ...to], around))).toMatchObject({
        package: present,
      });
      await expect(stat(String(executable))).rejects.toMatchObject({ code: 'ENOENT' });
      for (const command of ['uninstall', 'verify']) {
        const nothing = document(await runCli([command, ...to], around));
        expect(nothing).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
      }
    }
    expect(await readdir(join(around.dir, 'site'), { recursive: true })).toEqual([
      'bin',
      'bin/other',
    ]);
  });

  it('takes the place of what pip put there, and of what a killed run left', async () => {
    await using github = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
    const around = { dir: await tempDir(), env: github.env };
    const site = join(around.dir, 'site');
    const old = 'codex_cli_bin-1.0.0.dist-info';
    for (const name of ['codex_cli_bin', old, 'bin', 'codex_cli_bin-other']) {
      await mkdir(join(site, name), { recursive: true });
    }
    await writeFile(join(site, old, 'METADATA'), 'Name: codex-cli-bin\nVersion: 1.0.0\n');
    await writeFile(join(site, 'codex_cli_bin/__init__.py'), '');
    await writeFile(join(site, 'bin/codex'), '#!/usr/bin/python3\n');
    const args = ['install', '1.2.3', '--ecosystem', 'python', '--prefix', 'site', '--json'];
    expect(document(await runCli(args, around))).toMatchObject({ package: { version: '1.2.3' } });
    const left = '.codex_cli_bin/00000000-0000-4000-8000-000000000000';
    await mkdir(join(site, left));
    await mkdir(join(site, old));
    expect(document(await runCli(args, around))).toMatchObject({ source: 'prefix' });
    expect((await readdir(site)).sort()).toEqual([
      '.codex_cli_bin',
      'bin',
      'codex_cli_bin',
      'codex_cli_bin-1.2.3.dist-info',
      'codex_cli_bin-other',
    ]);
    expect(await readdir(join(site, '.codex_cli_bin'))).toHaveLength(2);
  });
});
