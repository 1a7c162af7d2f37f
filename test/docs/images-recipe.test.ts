import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { whyNoImages } from '../support/docker-registry.ts';
import { packMiniatures } from '../support/packed-release.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
// The API's own schema of a pod. The package exports only its classes, which drop what they do not know.
const { resolve } = createRequire(import.meta.url);
const models = dirname(resolve('kubernetes-models'));
const { validate }: { validate: (value: unknown, ...rest: unknown[]) => boolean } = await import(
  join(models, '_schemas/IoK8sApiCoreV1Pod.js')
);
const recipe = await readFile(join(ROOT, 'docs/recipes/images.md'), 'utf8');

function block(heading: string, language: string): string {
  const section = recipe.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const [, text] = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(section) ?? [];
  if (text === undefined) throw new Error(`${heading} has no block of ${language}`);
  return text;
}

describe('images.md for a dev container', () => {
  it('is a configuration that the Dev Containers CLI reads', async () => {
    const dir = await tempDir();
    const folder = join(dir, '.devcontainer');
    await mkdir(folder);
    await writeFile(join(folder, 'devcontainer.json'), block('Dev container', 'json'));
    await writeFile(join(folder, 'Dockerfile'), block('Dev container', 'dockerfile'));
    // It asks which containers there are.
    const docker = join(dir, 'docker');
    await writeFile(docker, '#!/bin/sh\n');
    await chmod(docker, 0o755);
    const cli = join(ROOT, 'node_modules/@devcontainers/cli/devcontainer.js');
    const args = ['read-configuration', '--workspace-folder', dir, '--docker-path', docker];
    const { stdout } = await run(process.execPath, [cli, ...args]);
    const { configuration } = JSON.parse(stdout);
    const { remoteUser, build, mounts } = configuration;
    expect(build).toEqual({ dockerfile: 'Dockerfile' });
    // Docker makes a volume root's unless the image has the directory.
    const [, target = ''] = /,target=([^,]+),/.exec(mounts[0]) ?? [];
    expect(block('Dev container', 'dockerfile')).toMatch(
      new RegExp(`^RUN install -d -o ${remoteUser} .*${target}$`, 'm'),
    );
  });
});

describe('images.md for Kubernetes', () => {
  const pod = parse(block('Kubernetes', 'yaml'));

  it('is a pod that the API takes, without a field that it does not know', () => {
    const unread: string[] = [];
    expect(validate(watched(pod, 'pod', unread))).toBe(true);
    // Its metadata is of another schema, and read through other objects.
    expect(unread.filter((path) => !path.startsWith('pod.metadata'))).toEqual([]);
    const names = pod.spec.volumes.map(({ name }: { name: string }) => name);
    for (const { volumeMounts } of [...pod.spec.initContainers, ...pod.spec.containers]) {
      for (const { name } of volumeMounts) expect(names).toContain(name);
    }
  });

  it('is told from one with a field that is misspelt, or of another type', () => {
    const unread: string[] = [];
    const misspelt = structuredClone(pod);
    misspelt.spec.volumes[0].image = { refrence: 'x' };
    validate(watched(misspelt, 'pod', unread));
    expect(unread).toContain('pod.spec.volumes.0.image.refrence');
    const wrong = structuredClone(pod);
    wrong.spec.initContainers[0].command = 'cp';
    expect(validate(wrong)).toBe(false);
  });

  it.skipIf(whyNoImages !== null)(`copies a runtime that starts${whyNoImages ?? ''}`, async () => {
    const { out } = await packMiniatures({ ecosystems: ['oci'] });
    const dir = await tempDir();
    await run('skopeo', ['copy', '-q', `oci:${out}/oci:0.115.0`, `oci:${dir}/one:v`]);
    await run('umoci', ['unpack', '--rootless', '--image', `${dir}/one:v`, `${dir}/image`]);
    const [{ command, volumeMounts }] = pod.spec.initContainers;
    const places: Readonly<Record<string, string>> = {
      image: join(dir, 'image/rootfs'),
      codex: join(dir, 'codex'),
    };
    await mkdir(join(dir, 'codex'));
    const here = (path: string, mounts: readonly { name: string; mountPath: string }[]) => {
      const mount = mounts.find(({ mountPath }) => path.startsWith(mountPath));
      return mount === undefined ? path : path.replace(mount.mountPath, String(places[mount.name]));
    };
    const [copy, ...args] = command as string[];
    await run(
      String(copy),
      args.map((arg) => here(arg, volumeMounts)),
    );
    const [app] = pod.spec.containers;
    const { stdout } = await run(here(app.command[0], app.volumeMounts), ['--version']);
    expect(stdout).toBe('codex-cli 0.115.0\n');
  });
});

/** The same value, and in `unread` the path of each field that nobody has read yet. */
function watched<T>(value: T, path: string, unread: string[]): T {
  if (typeof value !== 'object' || value === null) return value;
  const keys = Array.isArray(value) ? [] : Object.keys(value);
  unread.push(...keys.map((key) => `${path}.${key}`));
  const fields = Object.entries(value).map(([key, field]) => [
    key,
    watched(field, `${path}.${key}`, unread),
  ]);
  const copy = Array.isArray(value) ? fields.map(([, field]) => field) : Object.fromEntries(fields);
  return new Proxy(copy, {
    get(target, key, receiver) {
      const at = unread.indexOf(`${path}.${String(key)}`);
      if (at >= 0) unread.splice(at, 1);
      return Reflect.get(target, key, receiver);
    },
  });
}
