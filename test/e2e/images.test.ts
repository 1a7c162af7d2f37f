import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DockerRegistry,
  startDockerRegistry,
  whyNoImages,
} from '../support/docker-registry.ts';
import { closing } from '../support/loopback-http.ts';
import { realExecutable, realHome } from '../support/real-codex.ts';
import { BIN, runCli } from '../support/run-cli.ts';

/** The newest release: 440 MB on Linux. */
const VERSION = '0.171.0';
/** Another Node, with another zlib, that has to make the same bytes. */
const OTHER_NODE = process.versions.node.startsWith('20.') ? '24' : '20';
/** Each step handles hundreds of MB. */
const PATIENCE = 600_000;

/** Only root may become another user. */
const why = whyNoImages ?? (process.getuid?.() === 0 ? null : ' (skipped: needs root)');

const run = promisify(execFile);

let dir: string;
let registry: DockerRegistry;
beforeAll(async () => {
  if (why !== null) return;
  dir = await mkdtemp(join(tmpdir(), 'codex-runtime-images-'));
  registry = await startDockerRegistry();
  await realExecutable(VERSION);
}, PATIENCE);
afterAll(async () => {
  if (why !== null) return;
  await registry.close();
  await rm(dir, { recursive: true, force: true });
});

const cli = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const done = await runCli(args, { dir, env, timeoutMs: PATIENCE });
  expect(done, done.stderr).toMatchObject({ status: 0 });
  return done;
};

const packing = (out: string) => [
  ...['pack', VERSION, '--ecosystem', 'oci', '--targets', 'linux-x64', '--offline', '--quiet'],
  ...['--out', join(dir, out)],
];

const layers = (out: string) => readdir(join(dir, out, 'oci/blobs/sha256'));

/** One release from the store to a container and to other machines, step by step. */
describe.skipIf(why !== null)(`the image of the real ${VERSION}${why ?? ''}`, () => {
  it(
    'is packed to the same bytes on Node 20 and 24',
    async () => {
      const store = { CODEX_RUNTIME_HOME: realHome() };
      await cli(packing('dist'), store);
      const other = ['--yes', `node@${OTHER_NODE}`, BIN, ...packing('other')];
      await run('npx', other, { env: { ...process.env, ...store }, timeout: PATIENCE });
      expect(await layers('other')).toEqual(await layers('dist'));
      const [{ sha256 }] = JSON.parse(
        await readFile(join(dir, 'dist/manifest.json'), 'utf8'),
      ).files;
      const same = JSON.parse(await readFile(join(dir, 'other/manifest.json'), 'utf8')).files;
      expect(same).toMatchObject([{ path: `codex-cli-bin-${VERSION}.oci.tar`, sha256 }]);
      await rm(join(dir, 'other'), { recursive: true });
    },
    PATIENCE,
  );

  it(
    'is published, and shown by skopeo',
    async () => {
      await cli(['publish', join(dir, 'dist'), `oci:${registry.host}/tools/codex`]);
      const image = `docker://${registry.host}/tools/codex:${VERSION}`;
      const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', image]);
      expect(JSON.parse(stdout)).toMatchObject({
        Architecture: 'amd64',
        Os: 'linux',
        RepoTags: expect.arrayContaining([VERSION, 'latest']),
        Labels: {
          'org.opencontainers.image.version': VERSION,
          'dev.codex-runtime.target': 'x86_64-unknown-linux-musl',
        },
      });
    },
    PATIENCE,
  );

  it(
    'is unpacked by umoci, and runs as its user',
    async () => {
      const image = `docker://${registry.host}/tools/codex:${VERSION}`;
      const copy = ['copy', '-q', '--src-tls-verify=false', image, `oci:${dir}/one:v`];
      await run('skopeo', copy, { timeout: PATIENCE });
      const bundle = join(dir, 'bundle');
      await run('umoci', ['unpack', '--image', `${dir}/one:v`, bundle], { timeout: PATIENCE });
      const config = JSON.parse(await readFile(join(bundle, 'config.json'), 'utf8'));
      const { user, cwd, args, env } = config.process;
      expect({ user, cwd, args }).toEqual({
        user: expect.objectContaining({ uid: 65532, gid: 0 }),
        cwd: '/home/codex',
        args: ['/opt/codex/bin/codex'],
      });
      const root = join(bundle, 'rootfs');
      const home = await stat(join(root, 'home/codex'));
      expect([home.uid, home.gid, home.mode & 0o7777]).toEqual([65532, 0, 0o770]);
      const starting = [`--userspec=${user.uid}:${user.gid}`, root, args[0], '--version'];
      const said = await run('/usr/sbin/chroot', starting, { env: environmentIn(env) });
      expect(said.stdout).toBe(`codex-cli ${VERSION}\n`);
      // Any user of the group may write to the home.
      const any = ['--userspec=123456:0', root, args[0], '--version'];
      const again = await run('/usr/sbin/chroot', any, { env: environmentIn(env) });
      expect(again.stdout).toBe(`codex-cli ${VERSION}\n`);
      await rm(bundle, { recursive: true });
    },
    PATIENCE,
  );

  it(
    'is pinned with the executable’s digest, and installed under the lockfile',
    async () => {
      const source = `oci:${registry.host}/tools/codex`;
      await cli(['pin', VERSION, '--deep', '--source', source]);
      await expectInstalled(source, 'first');
    },
    PATIENCE,
  );

  it(
    'is installed under the same lockfile after skopeo has compressed it again',
    async () => {
      const digestOf = async (image: string) => {
        const args = ['inspect', '--tls-verify=false', `docker://${image}:${VERSION}`];
        return JSON.parse((await run('skopeo', args)).stdout).Layers as string[];
      };
      const copy = (...args: string[]) =>
        run('skopeo', ['copy', '-q', '--dest-tls-verify=false', ...args], { timeout: PATIENCE });
      // In the same registry it would find the layer as it was, and take that.
      const other = closing(await startDockerRegistry());
      const [plain, again] = [`dir:${dir}/plain`, `${other.host}/tools/codex`];
      await copy('--dest-decompress', `oci:${dir}/one:v`, plain);
      await copy(plain, `docker://${again}:${VERSION}`);
      expect(await digestOf(again)).not.toEqual(await digestOf(`${registry.host}/tools/codex`));
      await expectInstalled(`oci:${again}`, 'second');
    },
    PATIENCE,
  );
});

/** Installs with a store that is empty, and runs what came. */
async function expectInstalled(source: string, name: string): Promise<void> {
  const args = ['install', '--frozen', '--source', source, '--prefix', join(dir, name)];
  const { stdout } = await cli(args, { CODEX_RUNTIME_HOME: join(dir, `${name}-home`) });
  const said = await run(stdout.trim(), ['--version'], { env: { HOME: dir } });
  expect(said.stdout).toBe(`codex-cli ${VERSION}\n`);
}

function environmentIn(variables: readonly string[]): Record<string, string> {
  return Object.fromEntries(variables.map((text) => text.split(/=(.*)/s, 2)));
}
