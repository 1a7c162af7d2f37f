import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { publishRuntimeImages } from '../../../src/operations/publish-runtime-images.ts';
import { startCuttingProxy } from '../../support/cutting-registry-proxy.ts';
import { startDockerRegistry, whyNoImages } from '../../support/docker-registry.ts';
import { closing } from '../../support/loopback-http.ts';
import { miniatureRuntimes, packMiniatures } from '../../support/packed-release.ts';
import { BIN, cliEnvironment, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Documents whose shape the assertions say. */
type Json = ReturnType<typeof JSON.parse>;

/** Some forty runs, and twice as many where each is killed and run again, in ms. */
const LIMIT = 900_000;

const registryOf = async () => closing(await startDockerRegistry());

/** One target, so that there are few requests. */
const packOne = async () => {
  const runtimes = await miniatureRuntimes();
  const linux = runtimes.filter(({ manifest }) => manifest.target === 'x86_64-unknown-linux-musl');
  return packMiniatures({ ecosystems: ['oci'], runtimes: linux });
};

describe.skipIf(whyNoImages !== null)(`a publication that is cut off${whyNoImages ?? ''}`, () => {
  it.each(['before', 'after'] as const)(
    'once at any request, %s it arrives, still comes to its end',
    async (cut) => {
      const { host } = await registryOf();
      let at = 0;
      let number = 0;
      const proxy = await startCuttingProxy(host, () => {
        number += 1;
        return number === at ? cut : undefined;
      });
      const { out, images = [] } = await packOne();
      const env = { HOME: await tempDir(), PATH: process.env['PATH'] ?? '' };
      for (let ended = false; !ended; ) {
        at += 1;
        number = 0;
        const repository = `${proxy.host}/cut/${cut}-${at}`;
        const { tags } = await publishRuntimeImages({ directory: out, repository, env });
        expect(tags.at(-1)?.digest).toBe(images[0]?.digest);
        ended = number < at;
      }
    },
    LIMIT,
  );

  it(
    'by a kill at any request leaves no name of a part, and is finished by the next run',
    async () => {
      const { host } = await registryOf();
      let at = 0;
      let number = 0;
      let kill: () => void = () => undefined;
      const proxy = await startCuttingProxy(host, () => {
        number += 1;
        if (number !== at) return undefined;
        kill();
        return 'after';
      });
      const { out } = await packOne();
      const dir = await tempDir();
      const env = cliEnvironment(dir);
      for (let ended = false; !ended; ) {
        at += 1;
        number = 0;
        const repository = `${proxy.host}/killed/at-${at}`;
        const args = [BIN, 'publish', out, `oci:${repository}`, '--quiet'];
        const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
        kill = () => void child.kill('SIGKILL');
        await once(child, 'exit');
        ended = number < at;
        // The registry may still be at work on the last request of who was killed.
        await vi.waitFor(() => everyTagIsWhole(host, `killed/at-${at}`), { timeout: 10_000 });
        const run = await runCli(['publish', out, `oci:${repository}`], { dir });
        expect(run, run.stderr).toMatchObject({ status: 0 });
        expect(await everyTagIsWhole(host, `killed/at-${at}`)).toContain('0.115.0');
      }
    },
    LIMIT,
  );
});

/** Asks as a client does for everything that each tag names. */
async function everyTagIsWhole(host: string, repository: string): Promise<readonly string[]> {
  const url = `http://${host}/v2/${repository}`;
  const listed = await fetch(`${url}/tags/list`);
  if (listed.status === 404) return [];
  const { tags } = (await listed.json()) as { tags: string[] | null };
  const accept = ['index', 'manifest'].map((kind) => `application/vnd.oci.image.${kind}.v1+json`);
  const walk = async (name: string): Promise<void> => {
    const answer = await fetch(`${url}/manifests/${name}`, { headers: { accept: accept.join() } });
    expect(answer.status, name).toBe(200);
    const { manifests = [], config, layers = [] } = (await answer.json()) as Json;
    for (const { digest } of manifests) await walk(digest);
    for (const { digest } of config === undefined ? [] : [config, ...layers]) {
      expect((await fetch(`${url}/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
    }
  };
  for (const tag of tags ?? []) await walk(tag);
  return tags ?? [];
}
