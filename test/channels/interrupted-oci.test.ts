import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishRuntimeImages } from '../../src/operations/publish-runtime-images.ts';
import { startCuttingProxy } from '../support/cutting-registry-proxy.ts';
import { startDockerRegistry, whyNoImages } from '../support/docker-registry.ts';
import { closing } from '../support/loopback-http.ts';
import { miniatureRuntimes, packMiniatures } from '../support/packed-release.ts';
import { BIN, cliEnvironment, runCli } from '../support/run-cli.ts';
import { tempDir } from '../support/temp-dir.ts';

describe.skipIf(whyNoImages !== null)(`an installation from a registry${whyNoImages ?? ''}`, () => {
  it.each(['before', 'midway', 'after'] as const)(
    'that is killed at any request, %s its answer, leaves nothing half, and is finished by the next one',
    async (cut) => {
      const registry = closing(await startDockerRegistry());
      const noise = Buffer.alloc(2e6);
      for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((at * 2654435761) >>> 0, at);
      const runtimes = await miniatureRuntimes({ files: { 'codex-resources/noise.bin': noise } });
      const linux = runtimes.filter(
        ({ manifest }) => manifest.target === 'x86_64-unknown-linux-musl',
      );
      const { out } = await packMiniatures({ ecosystems: ['oci'], runtimes: linux });
      const env = { HOME: await tempDir() };
      const repository = `${registry.host}/tools/codex`;
      await publishRuntimeImages({ directory: out, repository, env });

      const strike = { at: 0, asked: 0, kill: (): void => undefined };
      const proxy = await startCuttingProxy(registry.host, () => {
        strike.asked += 1;
        if (strike.asked !== strike.at) return undefined;
        if (cut === 'midway') setTimeout(strike.kill, 40);
        else strike.kill();
        return cut;
      });
      const source = `oci:${proxy.host}/tools/codex`;
      const pinned = await tempDir();
      const pinning = await runCli(['pin', '0.115.0', '--deep', '--source', source], {
        dir: pinned,
      });
      expect(pinning, pinning.stderr).toMatchObject({ status: 0 });
      const lockfile = join(pinned, 'codex-runtime.lock.json');
      const common = ['--frozen', '--lockfile', lockfile, '--source', source];

      let killed = 0;
      for (let at = 1, reached = true; reached; at += 1) {
        const dir = await tempDir();
        const prefix = ['--prefix', join(dir, 'prefix')];
        Object.assign(strike, { at, asked: 0 });
        const child = spawn(process.execPath, [BIN, 'install', ...common, ...prefix], {
          env: cliEnvironment(dir),
          stdio: 'ignore',
        });
        strike.kill = () => void child.kill('SIGKILL');
        const [, signal] = await once(child, 'exit');
        reached = strike.asked >= at;
        strike.at = 0;
        if (reached) {
          killed += 1;
          expect(signal).toBe('SIGKILL');
          // What was not verified is not in the store.
          expect(await readdir(join(dir, 'home/store/0.115.0')).catch(() => [])).toEqual([]);
        }
        for (const command of [['install', ...common], ['verify']]) {
          const run = await runCli([...command, ...prefix], { dir });
          expect(run, run.stderr).toMatchObject({ status: 0 });
        }
      }
      // The tag, the image, its configuration and the layer.
      expect(killed).toBeGreaterThanOrEqual(4);
    },
  );
});
