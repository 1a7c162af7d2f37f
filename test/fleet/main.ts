/**
 * `npm run fleet`: many machines install from one registry at once. A miniature build lies in a
 * registry of Debian's; before it stands a mirror, once distribution's own pull-through cache and once
 * nginx as docs/recipes/images.md has it. Says how often the layer was fetched from the origin.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishRuntimeImages } from '../../src/operations/publish-runtime-images.ts';
import { packRelease } from '../../src/package/pack/index.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { miniatureRuntime } from '../support/miniature-runtime.ts';

const MACHINES = Number(process.env['FLEET_MACHINES'] ?? 200);
const AT_ONCE = 8;
/** More than a run takes on a busy machine, in ms. */
const LIMIT = 60_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'bin/codex-runtime.js');

interface Mirror {
  readonly host: string;
  close(): Promise<void>;
}

interface Origin extends Mirror {
  /** Requests for a layer, and their bytes; reset by {@link forget}. */
  readonly fetched: { requests: number; bytes: number };
}

const scratch = await mkdtemp(join(tmpdir(), 'codex-runtime-fleet-'));
const registry = await startDockerRegistry();
try {
  const layer = await publishMiniature(registry.host);
  const origin = await countingOrigin(registry.host, layer.digest);
  let failed = 0;
  for (const [name, open] of [
    ['nginx with proxy_cache_lock', nginxBefore],
    ['the pull-through cache of docker-registry', pullThrough],
  ] as const) {
    origin.fetched.requests = 0;
    origin.fetched.bytes = 0;
    const mirror = await open(origin.host);
    const started = performance.now();
    let refused = 0;
    try {
      refused = await installAll(mirror.host);
    } finally {
      await mirror.close();
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { requests, bytes } = origin.fetched;
    const times = (bytes / layer.size).toFixed(2);
    console.log(
      `${name}: ${MACHINES} installations in ${seconds} s, ${refused} failed; the origin sent the layer ${times} times (${requests} requests)`,
    );
    failed += refused;
    if (open === nginxBefore && bytes !== layer.size) failed += 1;
  }
  await origin.close();
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await registry.close();
  await rm(scratch, { recursive: true, force: true });
}

async function publishMiniature(host: string) {
  const noise = Buffer.alloc(4e6);
  for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((at * 2654435761) >>> 0, at);
  const runtime = await miniatureRuntime(join(scratch, 'runtime'), {
    files: { 'codex-resources/noise.bin': noise },
  });
  const out = join(scratch, 'dist');
  await packRelease({
    runtimes: [runtime],
    ecosystems: ['oci'],
    out,
    downloadUrl: () => null,
    onWait: () => undefined,
    signal: undefined,
  });
  const env = { HOME: scratch };
  await publishRuntimeImages({ directory: out, repository: `${host}/tools/codex`, env });
  const { images } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
  const read = async (digest: string) =>
    JSON.parse(await readFile(join(out, 'oci/blobs', digest.replace(':', '/')), 'utf8'));
  const index = await read(images[0].digest);
  const { layers } = await read(index.manifests[0].digest);
  return layers[0] as { readonly digest: string; readonly size: number };
}

/** Stands before the registry and counts what of the layer leaves it. */
async function countingOrigin(to: string, digest: string): Promise<Origin> {
  const fetched = { requests: 0, bytes: 0 };
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const counts = method === 'GET' && path.endsWith(digest);
    if (counts) fetched.requests += 1;
    const forwarded = request({ host: '127.0.0.1', port: to.split(':')[1], method, path, headers });
    forwarded.on('error', () => outgoing.destroy());
    forwarded.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      if (counts) answer.on('data', (chunk: Buffer) => (fetched.bytes += chunk.length));
      answer.pipe(outgoing);
    });
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetched,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function pullThrough(origin: string): Promise<Mirror> {
  return startDockerRegistry({ remote: `http://${origin}` });
}

/** nginx, with the server that the recipe shows. */
async function nginxBefore(origin: string): Promise<Mirror> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-runtime-nginx-'));
  const recipe = await readFile(join(ROOT, 'docs/recipes/images.md'), 'utf8');
  const shown = /```nginx\n([\s\S]*?)```/.exec(recipe)?.[1] ?? '';
  const port = await freePort();
  const server = shown
    .replace('/var/cache/nginx/oci', join(dir, 'cache'))
    .replace('listen 5000', `listen 127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:5001', origin);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(dir, name)};`,
  );
  const config = join(dir, 'nginx.conf');
  await writeFile(
    config,
    `${process.getuid?.() === 0 ? 'user root; ' : ''}daemon off; pid ${dir}/pid; error_log ${dir}/error.log; worker_processes 1;
events { worker_connections 256; }
http { access_log off; ${temporary.join(' ')}
${server} }`,
  );
  const child = spawn('nginx', ['-c', config, '-p', dir], { stdio: 'ignore' });
  await listening(port);
  return {
    host: `127.0.0.1:${port}`,
    async close() {
      const exit = once(child, 'exit');
      child.kill();
      await exit;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** @returns how many failed */
async function installAll(host: string): Promise<number> {
  let next = 0;
  let failed = 0;
  const work = async () => {
    for (let number = next++; number < MACHINES; number = next++) {
      const dir = join(scratch, `machine-${number}`);
      const args = ['install', '0.115.0', '--source', `oci:${host}/tools/codex`];
      const child = spawn(process.execPath, [BIN, ...args, '--prefix', join(dir, 'p'), '--quiet'], {
        env: { HOME: dir, CODEX_RUNTIME_HOME: join(dir, 'home'), PATH: process.env['PATH'] },
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: LIMIT,
      });
      const [status] = await once(child, 'exit');
      if (status !== 0) failed += 1;
      await rm(dir, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number): Promise<void> {
  for (let left = 100; ; left -= 1) {
    const socket = net.connect(port, '127.0.0.1');
    const up = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (up) return;
    if (left === 0) throw new Error('nginx does not listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
