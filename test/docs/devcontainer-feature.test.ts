import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { list } from 'tar';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startDockerRegistry, whyNoImages } from '../support/docker-registry.ts';
import { startLoopbackGitHub } from '../support/loopback-github.ts';
import { miniatureRelease } from '../support/miniature-release.ts';
import { realExecutable, realHome } from '../support/real-codex.ts';
import { runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FEATURE = join(ROOT, 'examples/devcontainer-feature/codex');
const HERE = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';

describe('the dev container Feature', () => {
  it('is packaged by the Dev Containers CLI', async () => {
    const out = await tempDir();
    const cli = join(ROOT, 'node_modules/@devcontainers/cli/devcontainer.js');
    const args = [cli, 'features', 'package', FEATURE, '--output-folder', out, '-f'];
    await run(process.execPath, args);
    const inside: string[] = [];
    const onReadEntry = ({ path }: { readonly path: string }) => void inside.push(path);
    await list({ file: join(out, 'devcontainer-feature-codex.tgz'), onReadEntry });
    expect(inside).toEqual(expect.arrayContaining(['./devcontainer-feature.json', './install.sh']));
    const collection = JSON.parse(
      await readFile(join(out, 'devcontainer-collection.json'), 'utf8'),
    );
    const [{ id, options }] = collection.features;
    expect(id).toBe('codex');
    const script = await readFile(join(FEATURE, 'install.sh'), 'utf8');
    for (const option of Object.keys(options)) expect(script).toContain(option.toUpperCase());
  });

  describe.skipIf(whyNoImages !== null)(`with a registry${whyNoImages ?? ''}`, () => {
    it('puts the real Codex in its place, by digest', { timeout: 300_000 }, async () => {
      await realExecutable('0.115.0');
      const { image, digest } = await published(
        '0.115.0',
        { CODEX_RUNTIME_HOME: realHome() },
        HERE,
      );
      const root = await tempDir();
      const { stdout } = await install(root, image, digest);
      expect(stdout).toBe('codex-cli 0.115.0\n');
      expect((await stat(join(root, 'opt/codex/bin/codex'))).mode & 0o555).toBe(0o555);
      // A second build of the container.
      expect((await install(root, image, digest)).stdout).toBe('codex-cli 0.115.0\n');
    });

    it('refuses what it was not told, and leaves nothing', async () => {
      const server = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
      onTestFinished(() => server.close());
      const made = await published('1.2.3', server.env, 'linux-arm64,linux-x64');
      const root = await tempDir();
      const other = `sha256:${'0'.repeat(64)}`;
      for (const [image, digest, says] of [
        [made.image, '', /option digest is empty/],
        ['', made.digest, /option image is empty/],
        [made.image, 'latest', /is not one like sha256/],
        [made.image, other, /cannot be had/],
      ] as const) {
        await expect(install(root, image, digest), String(says)).rejects.toMatchObject({
          code: 1,
          stderr: expect.stringMatching(says),
        });
      }
      await expect(stat(join(root, 'opt'))).rejects.toThrow('ENOENT');
      expect((await install(root, made.image, made.digest)).stdout).toContain('1.2.3');
    });

    it('refuses a layer that is not the one of its digest', async () => {
      const server = await startLoopbackGitHub({ releases: [await miniatureRelease('1.2.3')] });
      onTestFinished(() => server.close());
      const { image, digest } = await published('1.2.3', server.env, 'linux-arm64,linux-x64');
      const root = await tempDir();
      // What a proxy on the way could do.
      const bin = await tempDir();
      await writeFile(
        join(bin, 'curl'),
        `#!/bin/sh\nPATH=\${PATH#*:}\ncurl "$@" || exit\nfor a in "$@"; do case $a in */blobs/*) changed=1 ;; */layer) file=$a ;; esac; done\n[ -z "$changed" ] || echo >> "$file"\n`,
        { mode: 0o755 },
      );
      const refused = install(root, image, digest, `${bin}:${process.env['PATH']}`);
      await expect(refused).rejects.toMatchObject({
        stderr: expect.stringContaining('are not the bytes of its digest'),
      });
      await expect(stat(join(root, 'opt'))).rejects.toThrow('ENOENT');
    });
  });
});

/** Packs and publishes the image for this machine, as the recipe says it. */
async function published(version: string, env: Readonly<Record<string, string>>, targets: string) {
  const registry = await startDockerRegistry();
  onTestFinished(() => registry.close());
  const dir = await tempDir();
  const image = `${registry.host}/tools/codex`;
  const pack = ['pack', version, '--ecosystem', 'oci', '--targets', targets, '--json'];
  for (const args of [pack, ['publish', `oci:${image}`, '--json']]) {
    const done = await runCli(args, { dir, env, timeoutMs: 200_000 });
    expect(done, done.stderr).toMatchObject({ status: 0 });
  }
  const { images } = JSON.parse(await readFile(join(dir, 'dist/manifest.json'), 'utf8'));
  const { digest } = images.find((one: { tag: string }) => one.tag === version);
  return { image, digest };
}

/** Runs the Feature's script as a build of a dev container does, but below `root`. */
async function install(root: string, image: string, digest: string, path = process.env['PATH']) {
  await mkdir(root, { recursive: true });
  const env = { PATH: path, IMAGE: image, DIGEST: digest };
  return run('sh', [join(FEATURE, 'install.sh')], { env: { ...env, CODEX_FEATURE_ROOT: root } });
}
