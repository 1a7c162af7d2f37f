import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real npm registry on loopback. */
export interface TestRegistry {
  /** With a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startRegistry(): Promise<TestRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'codex-runtime-registry-'));
  const config = join(dir, 'config.yaml');
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      storage: join(dir, 'storage'),
      web: { enable: false },
      auth: { htpasswd: { file: join(dir, 'htpasswd'), max_users: -1 } },
      max_body_size: '1000mb',
      packages: { '**': { access: '$all', publish: '$all', unpublish: '$all' } },
      log: { type: 'stdout', format: 'json', level: 'fatal' },
    }),
  );
  const child = fork(join(import.meta.dirname, 'verdaccio-server.mjs'), [config], {
    silent: true,
    execArgv: [],
  });
  child.stdout?.resume();
  child.stderr?.resume();
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Gives a registry an old version of a package, as names that are in use have. */
export async function seedPackage(registry: string, name: string): Promise<void> {
  const version = '0.1.0';
  const tarball = `${name}-${version}.tgz`;
  const answer = await fetch(`${registry}${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: 'Bearer a-secret-token' },
    body: JSON.stringify({
      _id: name,
      name,
      'dist-tags': { latest: version },
      versions: {
        [version]: { name, version, dist: { tarball: `${registry}${name}/-/${tarball}` } },
      },
      _attachments: {
        [tarball]: { content_type: 'application/octet-stream', data: 'eA==', length: 1 },
      },
    }),
  });
  if (!answer.ok) throw new Error(`seeding ${name} failed: ${answer.status}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}

/** The environment of a user whose `.npmrc` names a registry and a token for it. */
export async function npmUser(home: string, registry: string): Promise<Record<string, string>> {
  const { host } = new URL(registry);
  const lines = [
    `registry=${registry}`,
    `//${host}/:_authToken=a-secret-token`,
    // A lost connection is the publisher's to get over, at once.
    'fetch-retries=0',
    'audit=false',
    'fund=false',
    'update-notifier=false',
    `cache=${join(home, 'npm-cache')}`,
    '',
  ];
  await writeFile(join(home, '.npmrc'), lines.join('\n'));
  const userconfig = join(home, '.npmrc');
  return { PATH: process.env['PATH'] ?? '', HOME: home, npm_config_userconfig: userconfig };
}
