import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoopbackGitHub } from '../../support/loopback-github.ts';
import { miniatureCodex, miniatureRelease } from '../../support/miniature-release.ts';
import { LINUX } from '../../support/resolve-request.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { CODEX_SIGNER, createSigningAuthority } from '../../support/signing-authority.ts';
import { tempDir } from '../../support/temp-dir.ts';

const BUNDLE = 'codex-x86_64-unknown-linux-musl.sigstore';
const ASK = ['which', '0.115.0', '--target', 'linux-x64', '--verify-signature'];

/** A loopback GitHub, with a signature in its release or without. */
async function release(bundle?: object) {
  const { assets, ...rest } = await miniatureRelease('0.115.0', { targets: [LINUX] });
  const signed =
    bundle === undefined ? [] : [{ name: BUNDLE, content: Buffer.from(JSON.stringify(bundle)) }];
  return await startLoopbackGitHub({ releases: [{ ...rest, assets: [...assets, ...signed] }] });
}

describe('--verify-signature', () => {
  it('prints the path of a runtime whose signature is good, and says who signed', async () => {
    const authority = await createSigningAuthority();
    const content = miniatureCodex('0.115.0');
    await using github = await release(await authority.legacyBundle({ content }));
    const around = { dir: await tempDir(), env: github.env };
    const trust = ['--trusted-root', await authority.writeTrustedRoot(around.dir)];
    const run = await runCli([...ASK, ...trust, '--verbose'], around);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/bin\/codex\n$/) });
    expect(run.stderr).toContain(`Signed by ${CODEX_SIGNER.identity}`);
    expect(await readFile(run.stdout.trim())).toEqual(content);
  });

  it.each(['OpenAI/Codex', 'OPENAI/codex'])(
    "takes upstream's own signature where upstream is spelled %s",
    async (repo) => {
      const authority = await createSigningAuthority();
      const content = miniatureCodex('0.115.0');
      await using github = await release(await authority.legacyBundle({ content }));
      const around = { dir: await tempDir(), env: github.env };
      const trust = ['--trusted-root', await authority.writeTrustedRoot(around.dir)];
      const run = await runCli([...ASK, ...trust, '--repo', repo, '--verbose'], around);
      expect(run, run.stderr).toMatchObject({ status: 0 });
      expect(run.stderr).toContain(`Signed by ${CODEX_SIGNER.identity}`);
    },
  );

  it('ends with 6 where the built-in trusted root does not know who signed', async () => {
    const authority = await createSigningAuthority();
    const bundle = await authority.bundle({ content: miniatureCodex('0.115.0') });
    await using github = await release(bundle);
    const run = await runCli([...ASK, '--json'], { dir: await tempDir(), env: github.env });
    expect(run.status).toBe(6);
    expect(document(run)).toMatchObject({ code: 'SIGNATURE_INVALID', reason: 'chain' });
  });

  it('ends with 6 where the release has none', async () => {
    await using github = await release();
    const run = await runCli([...ASK, '--json'], { dir: await tempDir(), env: github.env });
    expect(run.status).toBe(6);
    expect(document(run)).toMatchObject({ code: 'SIGNATURE_MISSING' });
  });

  it('names the directory that lacks the bundle, and how it gets one', async () => {
    const authority = await createSigningAuthority();
    await using unsigned = await release();
    const dir = await tempDir();
    const download = ['download', '0.115.0', '--target', 'linux-x64', '--out', 'my mirror'];
    const silent = await runCli(download, { dir, env: unsigned.env });
    expect(silent.status).toBe(0);
    expect(silent.stderr).toContain(`Without a signature for ${LINUX.triple} (`);
    expect(silent.stderr).toContain(BUNDLE);
    const trust = ['--trusted-root', await authority.writeTrustedRoot(dir)];
    const install = [...ASK, '--source', 'dir:my mirror', ...trust];
    const refused = await runCli(install, { dir });
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain(join(dir, 'my mirror', '0.115.0'));
    expect(refused.stderr).toContain(BUNDLE);
    expect(refused.stderr).not.toContain('its release holds');
    // Its advice, followed where the release answers, is enough.
    const [, command = ''] = /"codex-runtime (download .*?)"/.exec(refused.stderr) ?? [];
    expect(command).toContain(`'${join(dir, 'my mirror')}'`);
    const args = command.replace(/'.*'/, 'OUT').split(' ');
    await using signed = await release(
      await authority.legacyBundle({ content: miniatureCodex('0.115.0') }),
    );
    const followed = await runCli(
      args.map((word) => word.replace('OUT', join(dir, 'my mirror'))),
      { dir, env: signed.env },
    );
    expect(followed.stderr).not.toContain('Without a signature');
    expect((await runCli(install, { dir })).status).toBe(0);
  });

  it('is missed by name where a fork keeps its signatures', async () => {
    await using github = await release();
    const dir = await tempDir();
    const around = { dir, env: github.env };
    await runCli(['download', '0.115.0', '--target', 'linux-x64', '--out', 'm'], around);
    const fork = [...ASK, '--source', 'dir:m', '--repo', 'acme/codex'];
    expect((await runCli(fork, around)).stderr).toContain('--repo acme/codex --out');
  });

  it('is missed where only --trusted-root is given, which verifies nothing alone', async () => {
    await using github = await release();
    const around = { dir: await tempDir(), env: github.env };
    const trust = ['--trusted-root', 'tuf', '--json'];
    for (const args of [
      ['which', '0.115.0', ...trust],
      ['install', '0.115.0', '--prefix', 'p', ...trust],
      ['pin', '0.115.0', ...trust],
      ['pin', '0.115.0', '--verify-signature', ...trust],
      ['pin', '0.115.0', '--deep', ...trust],
    ]) {
      const run = await runCli(args, around);
      expect([args, run.status]).toEqual([args, 2]);
      expect(document(run)).toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining('--verify-signature'),
      });
    }
    const env = { ...github.env, CODEX_RUNTIME_TRUSTED_ROOT: 'tuf' };
    expect((await runCli(['which', '0.115.0'], { ...around, env })).status).toBe(0);
  });

  it('ends with 2 for a trusted root that is none', async () => {
    const authority = await createSigningAuthority();
    await using github = await release(await authority.bundle({ content: Buffer.from('x') }));
    const around = { dir: await tempDir(), env: github.env };
    const run = await runCli([...ASK, '--trusted-root', join(around.dir, 'none.json')], around);
    expect(run).toMatchObject({ status: 2, stdout: '' });
  });
});
