import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishRuntimeImages } from '../../../src/operations/publish-runtime-images.ts';
import { startCuttingProxy } from '../../support/cutting-registry-proxy.ts';
import {
  type DockerRegistryOptions,
  loginFile,
  startDockerRegistry,
  whyNoImages,
} from '../../support/docker-registry.ts';
import { failure } from '../../support/failure.ts';
import { closing, serve } from '../../support/loopback-http.ts';
import { packMiniatures } from '../../support/packed-release.ts';
import { document, runCli } from '../../support/run-cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Documents whose shape the assertions say. */
type Json = ReturnType<typeof JSON.parse>;

const registryOf = async (options: DockerRegistryOptions = {}) =>
  closing(await startDockerRegistry(options));

const pack = (version = '0.115.0') => packMiniatures({ ecosystems: ['oci'], version });

/** What a user without any login has. */
async function nobody(): Promise<Record<string, string>> {
  return { HOME: await tempDir(), PATH: process.env['PATH'] ?? '' };
}

async function inspect(host: string, tag: string): Promise<Json> {
  const image = `docker://${host}/tools/codex:${tag}`;
  const args = ['inspect', '--tls-verify=false', '--raw', image];
  return JSON.parse(execFileSync('skopeo', args, { encoding: 'utf8' }));
}

describe.skipIf(whyNoImages !== null)(`publishing images${whyNoImages ?? ''}`, () => {
  it('puts names last, the version after its parts, and is skipped when all is there', async () => {
    const { host } = await registryOf();
    const proxy = await startCuttingProxy(host, () => undefined);
    const { out, images = [] } = await pack();
    const request = {
      directory: out,
      repository: `${proxy.host}/tools/codex`,
      env: await nobody(),
    };
    const result = await publishRuntimeImages(request);
    expect(result.tags.at(-2)).toEqual({ tag: '0.115.0', digest: images[0]?.digest });
    expect(result.tags.at(-1)).toEqual({ tag: 'latest', digest: images[0]?.digest });
    const puts = proxy.requests.filter((line) => line.startsWith('PUT'));
    const first = puts.findIndex((line) => !/sha256:|blobs/.test(line));
    expect(puts.slice(first).every((line) => /manifests\/(?!sha256:)/.test(line))).toBe(true);
    expect(puts.at(-1)).toMatch(/manifests\/latest$/);
    expect(puts.at(-2)).toMatch(/manifests\/0\.115\.0$/);

    const again = await publishRuntimeImages(request);
    expect(again.steps.filter(({ action }) => action === 'upload' || action === 'tag')).toEqual([]);
    expect((await inspect(host, 'latest')).manifests).toHaveLength(2);
  });

  it('is read whole by skopeo, and unpacked by umoci', async () => {
    const { host } = await registryOf();
    const { out } = await pack();
    await publishRuntimeImages({
      directory: out,
      repository: `${host}/tools/codex`,
      env: await nobody(),
    });
    const dir = await tempDir();
    const image = `docker://${host}/tools/codex:0.115.0`;
    const quiet = { stdio: 'pipe' } as const;
    execFileSync(
      'skopeo',
      ['copy', '-q', '--src-tls-verify=false', image, `oci:${dir}/one:v`],
      quiet,
    );
    execFileSync(
      'umoci',
      ['unpack', '--rootless', '--image', `${dir}/one:v`, `${dir}/bundle`],
      quiet,
    );
    const codex = join(dir, 'bundle/rootfs/opt/codex/bin/codex');
    expect(execFileSync(codex, ['--version'], { encoding: 'utf8' })).toBe('codex-cli 0.115.0\n');
  });

  it('refuses another image of a version, and a step back of the tag', async () => {
    const { host } = await registryOf();
    const repository = `${host}/tools/codex`;
    const env = await nobody();
    const first = await pack('0.116.0');
    await publishRuntimeImages({ directory: first.out, repository, env });
    const other = await packMiniatures({
      ecosystems: ['oci'],
      version: '0.116.0',
      repository: 'other/repository',
    });
    expect(
      await failure(publishRuntimeImages({ directory: other.out, repository, env })),
    ).toMatchObject({
      code: 'PUBLISH_FAILED',
      fields: { tag: expect.stringMatching(/^0\.116\.0/) },
    });
    const older = await pack('0.115.0');
    const back = { directory: older.out, repository, env };
    expect(await failure(publishRuntimeImages(back))).toMatchObject({
      code: 'PUBLISH_FAILED',
      fields: { tag: 'latest', current: '0.116.0' },
    });
    await publishRuntimeImages({ ...back, tag: 'old' });
    expect((await inspect(host, 'latest')).annotations).toMatchObject({
      'org.opencontainers.image.version': '0.116.0',
    });
  });

  it('says with --dry-run what it would do, and does nothing', async () => {
    const { host } = await registryOf();
    const proxy = await startCuttingProxy(host, () => undefined);
    const { out } = await pack();
    const repository = `oci:${proxy.host}/tools/codex`;
    const around = { dir: await tempDir() };
    const run = await runCli(['publish', out, repository, '--dry-run', '--json'], around);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const steps = document(run)['steps'] as { action: string }[];
    expect(steps.some(({ action }) => action === 'upload')).toBe(true);
    expect(proxy.requests.filter((line) => !/^(GET|HEAD)/.test(line))).toEqual([]);
  });

  it('refuses a blob that has changed since it was packed, before anything is sent', async () => {
    const { host } = await registryOf();
    const proxy = await startCuttingProxy(host, () => undefined);
    const { out, images = [] } = await pack();
    const index = JSON.parse(await readFile(blobPath(out, images[0]?.digest), 'utf8'));
    const image = JSON.parse(await readFile(blobPath(out, index.manifests[0].digest), 'utf8'));
    const layer = blobPath(out, image.layers[0].digest);
    await writeFile(layer, Buffer.concat([await readFile(layer), Buffer.from('x')]));
    const repository = `${proxy.host}/tools/codex`;
    const error = await failure(
      publishRuntimeImages({ directory: out, repository, env: await nobody() }),
    );
    expect(error).toMatchObject({ code: 'DAMAGED', fields: { path: layer } });
    expect(proxy.requests.filter((line) => !/^(GET|HEAD)/.test(line))).toEqual([]);
  });
});

describe.skipIf(whyNoImages !== null)(`a login${whyNoImages ?? ''}`, () => {
  it.each(['basic', 'token'] as const)('by %s is taken from the tools’ own files', async (auth) => {
    const { host } = await registryOf({ auth });
    const { out } = await pack();
    const repository = `${host}/tools/codex`;
    const env = await nobody();
    expect(await failure(publishRuntimeImages({ directory: out, repository, env }))).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      fields: { reason: 'unauthorized' },
    });
    const file = join(env['HOME'] ?? '', 'auth.json');
    await writeFile(file, loginFile(host));
    const login = { ...env, REGISTRY_AUTH_FILE: file };
    const published = await publishRuntimeImages({ directory: out, repository, env: login });
    expect(published.tags.at(-1)?.tag).toBe('latest');
  });

  it('comes from a helper that docker/config.json names', async () => {
    const { host } = await registryOf({ auth: 'basic' });
    const { out } = await pack();
    const dir = await tempDir();
    const helper = join(dir, 'docker-credential-here');
    const answer = JSON.stringify({ ServerURL: host, Username: 'robot', Secret: 's3cret:with' });
    await writeFile(
      helper,
      `#!/bin/sh\nread server\n[ "$server" = ${host} ] && echo '${answer}'\n`,
      {
        mode: 0o755,
      },
    );
    await writeFile(
      join(dir, 'config.json'),
      JSON.stringify({ auths: { [host]: {} }, credHelpers: { [host]: 'here' } }),
    );
    const env = { HOME: dir, DOCKER_CONFIG: dir, PATH: `${dir}:${process.env['PATH']}` };
    const repository = `${host}/tools/codex`;
    const published = await publishRuntimeImages({ directory: out, repository, env });
    expect(published.tags.at(-1)?.tag).toBe('latest');
  });

  it('does not follow a redirect or an upload to another origin', async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      request.resume();
      response.writeHead(request.method === 'PUT' ? 201 : 404).end();
    });
    const registry = await serve((request, response) => {
      request.resume();
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
      } else if (request.method === 'POST') {
        response.writeHead(202, { location: `${other.url}/upload?state=1` }).end();
      } else if (request.method === 'PUT') {
        response.writeHead(201).end();
      } else response.writeHead(307, { location: `${other.url}/there` }).end();
    });
    const { host } = new URL(registry.url);
    const env = await nobody();
    const file = join(env['HOME'] ?? '', 'auth.json');
    await writeFile(file, loginFile(host));
    const { out } = await pack();
    await publishRuntimeImages({
      directory: out,
      repository: `${host}/tools/codex`,
      env: { ...env, REGISTRY_AUTH_FILE: file },
    });
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.filter((each) => each !== undefined)).toEqual([]);
  });
});

describe.skipIf(whyNoImages !== null)(
  `a registry that lists what is attached to an image${whyNoImages ?? ''}`,
  () => {
    it('gets no tag that lists it', async () => {
      const tags: string[] = [];
      const registry = await serve(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const name = request.url?.split('/manifests/')[1] ?? '';
        if (request.method === 'POST') {
          response.writeHead(202, { location: '/v2/tools/codex/blobs/uploads/1' }).end();
        } else if (request.method === 'PUT') {
          if (name !== '' && !name.startsWith('sha256:')) tags.push(name);
          const text = name === '' ? '{}' : Buffer.concat(chunks).toString('utf8');
          const { subject } = JSON.parse(text);
          const lists = subject === undefined ? {} : { 'oci-subject': subject.digest };
          response.writeHead(201, lists).end();
        } else response.writeHead(404).end();
      });
      const { host } = new URL(registry.url);
      const { out } = await pack();
      const repository = `${host}/tools/codex`;
      await publishRuntimeImages({ directory: out, repository, env: await nobody() });
      expect(tags.filter((tag) => tag.startsWith('sha256-'))).toEqual([]);
      expect(tags.slice(-2)).toEqual(['0.115.0', 'latest']);
    });
  },
);

describe.skipIf(whyNoImages !== null)(
  `a registry with answers of its own${whyNoImages ?? ''}`,
  () => {
    /** Takes what it is sent; `mount` is its answer to what may lie in another repository. */
    async function imitated(mount: number, keeps = true) {
      const asked: string[] = [];
      const kept = new Set<string>();
      const { url } = await serve(async (request, response) => {
        const { method = '', url: path = '' } = request;
        asked.push(`${method} ${path}`);
        const digest = /sha256:[0-9a-f]{64}/.exec(decodeURIComponent(path))?.[0] ?? '';
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        if (path.includes('?mount=')) {
          if (mount === 201) kept.add(digest);
          return void response.writeHead(mount).end();
        }
        if (method === 'POST') {
          return void response
            .writeHead(202, { location: '/v2/tools/codex/blobs/uploads/1' })
            .end();
        }
        if (method !== 'PUT') return void response.writeHead(kept.has(digest) ? 200 : 404).end();
        if (path.includes('/blobs/')) {
          if (keeps) kept.add(digest);
          return void response.writeHead(201).end();
        }
        const { config, layers = [] } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        const blobs = config === undefined ? [] : [config, ...layers];
        const lacks = blobs.some((blob: { digest: string }) => !kept.has(blob.digest));
        response.writeHead(lacks ? 400 : 201).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}');
      });
      return { repository: `${new URL(url).host}/tools/codex`, asked };
    }

    it.each([400, 404, 405])('that refuses a mount with %s is sent the blob', async (status) => {
      const { repository, asked } = await imitated(status);
      const { out } = await pack();
      const { tags } = await publishRuntimeImages({
        directory: out,
        repository,
        env: await nobody(),
      });
      expect(tags.at(-1)?.tag).toBe('latest');
      const mounts = asked.filter((line) => line.includes('?mount='));
      expect(asked.filter((line) => /^POST [^?]*$/.test(line))).toHaveLength(mounts.length);
    });

    it('that finds every blob in another repository is sent none', async () => {
      const { repository, asked } = await imitated(201);
      const { out } = await pack();
      await publishRuntimeImages({ directory: out, repository, env: await nobody() });
      expect(asked.filter((line) => /^PUT .*\/blobs\//.test(line))).toEqual([]);
      expect(asked.at(-1)).toMatch(/^PUT .*\/manifests\/latest$/);
    });

    it('that drops what it was sent gets no tag', async () => {
      const { repository, asked } = await imitated(404, false);
      const { out } = await pack();
      const publishing = publishRuntimeImages({ directory: out, repository, env: await nobody() });
      expect(await failure(publishing)).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      expect(asked.filter((line) => /^PUT .*\/manifests\/(?!sha256:)/.test(line))).toEqual([]);
    });
  },
);

function blobPath(out: string, digest: string | undefined): string {
  return join(out, 'oci/blobs', String(digest).replace(':', '/'));
}
