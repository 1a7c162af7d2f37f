import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FaultServer, startServer } from './fault-server.ts';

/** Which of the tools that images are tried with is missing, to follow a title; null where all are there. */
export const whyNoImages: string | null = missingTool();

function missingTool(): string | null {
  const found = (tool: string) => spawnSync(tool, ['--version']).error === undefined;
  const missing = ['docker-registry', 'skopeo', 'umoci'].find((tool) => !found(tool));
  return missing === undefined ? null : ` (skipped: ${missing} is missing)`;
}

/** Debian's docker-registry (distribution) on loopback. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Its configuration and `data/`. */
  readonly dir: string;
  close(): Promise<void>;
}

/** Who may enter where a registry wants to know. */
const USER = 'robot';
const PASSWORD = 's3cret:with';
const HTPASSWD = `${USER}:$2b$04$abcdefghijklmnopqrstuueslk.tJJ7e0.0HpxI0Ueg/vHwSPqVPC\n`;

export interface DockerRegistryOptions {
  /** Default: everybody may do everything. */
  readonly auth?: 'basic' | 'token';
  /** A registry that it keeps copies of: a pull-through cache. */
  readonly remote?: string;
}

export async function startDockerRegistry({
  auth,
  remote,
}: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-runtime-oci-'));
  const host = `127.0.0.1:${await freePort()}`;
  await writeFile(join(dir, 'htpasswd'), HTPASSWD);
  const tokens = auth === 'token' ? await startTokenServer(dir, host) : null;
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(dir, 'data') },
      delete: { enabled: true },
    },
    http: { addr: host, secret: 'of this test' },
    ...(remote === undefined ? {} : { proxy: { remoteurl: remote } }),
    ...(auth === 'basic'
      ? { auth: { htpasswd: { realm: 're "al', path: join(dir, 'htpasswd') } } }
      : {}),
    ...(tokens === null
      ? {}
      : {
          auth: {
            token: {
              realm: `${tokens.url}/token`,
              service: 'registry of this test',
              issuer: 'tests',
              rootcertbundle: join(dir, 'token.pem'),
            },
          },
        }),
  };
  const path = join(dir, 'config.json');
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', OTEL_TRACES_EXPORTER: 'none' },
  });
  child.stderr.resume();
  await answering(host);
  return {
    host,
    dir,
    async close() {
      if (child.exitCode === null) {
        const exit = once(child, 'exit');
        child.kill();
        await exit;
      }
      await tokens?.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A file of logins as `docker login` writes it. */
export function loginFile(host: string, password = PASSWORD): string {
  const auth = Buffer.from(`${USER}:${password}`).toString('base64');
  return JSON.stringify({ auths: { [host]: { auth } } });
}

/** Gives a token to the user alone, and to nobody what is not asked for. */
async function startTokenServer(dir: string, audience: string): Promise<FaultServer> {
  const [key, cert] = [join(dir, 'token.key'), join(dir, 'token.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert],
      ...['-days', '1', '-subj', '/CN=tokens'],
    ],
    { stdio: 'ignore' },
  );
  const signer = createPrivateKey(await readFile(key));
  const pem = await readFile(cert, 'utf8');
  const x5c = [pem.replace(/-----[^-]+-----|\s/g, '')];
  void audience;
  return startServer((request, response) => {
    const login = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    const url = new URL(request.url ?? '/', 'http://tokens');
    if (request.headers.authorization !== login) {
      response.writeHead(401).end('{"details":"who?"}');
      return;
    }
    const access = url.searchParams.getAll('scope').map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const now = Math.floor(Date.now() / 1000);
    const head = { typ: 'JWT', alg: 'RS256', x5c };
    const claims = {
      iss: 'tests',
      sub: USER,
      aud: url.searchParams.get('service'),
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: createHash('sha256').update(String(Math.random())).digest('hex'),
      access,
    };
    const text = [head, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('RSA-SHA256', Buffer.from(text), signer).toString('base64url');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ token: `${text}.${signature}` }));
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(host: string): Promise<void> {
  for (let left = 100; ; left -= 1) {
    try {
      await fetch(`http://${host}/v2/`);
      return;
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
