import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { type FaultServer, startServer } from './fault-server.ts';

const DAY_MS = 86_400_000;

/** A package in its tarball, and how long ago it was published. */
export interface DatedPackage {
  readonly tarball: Buffer;
  readonly ageDays: number;
}

export interface DatedRegistry extends Pick<FaultServer, 'requests'>, AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  /** Lets `days` pass for everything that it holds. */
  grow(days: number): void;
}

/** An npm registry on loopback that says when each version was published, as the public one does. */
export async function startDatedRegistry(
  packages: readonly DatedPackage[],
): Promise<DatedRegistry> {
  let passed = 0;
  const known = packages.map((each) => {
    const manifest = manifestOf(each.tarball);
    const { name, version } = manifest;
    const file = `${name.replace(/^.*\//, '')}-${version}.tgz`;
    return { ...each, manifest, name, version, file };
  });
  const server = await startServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://loopback').pathname);
    const file = known.find((each) => path === `/${each.name}/-/${each.file}`);
    if (file !== undefined) {
      response.setHeader('content-type', 'application/octet-stream').end(file.tarball);
      return;
    }
    const versions = known.filter(({ name }) => path === `/${name}`);
    if (versions.length === 0) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}');
      return;
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document(versions)));
  });
  const document = (versions: typeof known) => {
    const dates = versions.map(({ version, ageDays }) => [
      version,
      new Date(Date.now() - (ageDays + passed) * DAY_MS).toISOString(),
    ]);
    const [first] = versions;
    // A version of one platform is the tag of nobody.
    const latest = versions.find(({ version }) => !version.includes('-')) ?? first;
    return {
      name: first?.name,
      'dist-tags': { latest: latest?.version },
      time: {
        created: dates[0]?.[1],
        modified: new Date().toISOString(),
        ...Object.fromEntries(dates),
      },
      versions: Object.fromEntries(
        versions.map(({ manifest, name, version, file, tarball }) => [
          version,
          {
            ...manifest,
            _id: `${name}@${version}`,
            dist: {
              tarball: `${server.url}/${name}/-/${file}`,
              integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
              shasum: createHash('sha1').update(tarball).digest('hex'),
            },
          },
        ]),
      ),
    };
  };
  return {
    url: `${server.url}/`,
    requests: server.requests,
    grow: (days) => {
      passed += days;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** `package/package.json` of a tarball, whose entries have plain headers. */
function manifestOf(tarball: Buffer): { readonly name: string; readonly version: string } {
  const tar = gunzipSync(tarball);
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    if (name === 'package/package.json') {
      return JSON.parse(tar.toString('utf8', at + 512, at + 512 + size));
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error('The tarball holds no package.json.');
}
