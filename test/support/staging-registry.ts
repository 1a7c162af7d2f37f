import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type FaultServer, startServer } from './fault-server.ts';

/** A package that waits, as the registry lists it. */
interface Staged {
  readonly id: string;
  readonly packageName: string;
  readonly version: string;
  readonly tag: string;
  readonly shasum: string;
  readonly integrity: string;
}

export interface StagingRegistry extends Pick<FaultServer, 'requests'>, AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  readonly staged: Staged[];
  /** `name@version` of what was published, in order. */
  readonly published: string[];
  /** Answers the next upload to be staged by this status. */
  failNext(status: number): void;
}

interface Upload {
  readonly name: string;
  readonly 'dist-tags': Record<string, string>;
  readonly versions: Record<string, object>;
  readonly _attachments: Record<string, { readonly data: string }>;
}

interface Shown {
  readonly versions: Record<string, object>;
  readonly tags: Record<string, string>;
}

/** As the public registry answers npm's own client where packages are staged. */
export async function startStagingRegistry(
  options: { readonly others?: number; readonly staging?: boolean } = {},
): Promise<StagingRegistry> {
  const staged: Staged[] = Array.from({ length: options.others ?? 0 }, (_, index) => ({
    ...{ id: idOf(1000 + index), packageName: `other-${index}`, version: '1.0.0', tag: 'latest' },
    ...{ shasum: '00'.repeat(20), integrity: '' },
  }));
  const published: string[] = [];
  const shown = new Map<string, Shown>();
  let failure = 0;
  let count = 0;
  const put = (name: string, version: string, tag: string, integrity: string) => {
    const before = shown.get(name) ?? { versions: {}, tags: {} };
    const manifest = { name, version, dist: { integrity, tarball: `${server.url}/t.tgz` } };
    shown.set(name, {
      versions: { ...before.versions, [version]: manifest },
      tags: { ...before.tags, [tag]: version },
    });
    published.push(`${name}@${version}`);
  };
  const answer = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const url = new URL(request.url ?? '/', 'http://loopback');
    const path = decodeURIComponent(url.pathname);
    const stage = options.staging === false ? undefined : /^\/-\/stage(?:\/(.*))?$/.exec(path);
    if (stage !== undefined && stage !== null) {
      const [, rest] = stage;
      if (request.method === 'GET' && rest === undefined) {
        const page = Number(url.searchParams.get('page'));
        const size = Number(url.searchParams.get('perPage'));
        const items = staged.slice(page * size, (page + 1) * size);
        return [200, { items, total: staged.length }];
      }
      const approved = /^(.*)\/approve$/.exec(rest ?? '')?.[1];
      if (approved !== undefined) {
        const at = staged.findIndex(({ id }) => id === approved);
        const [item] = staged.splice(at, 1);
        if (item !== undefined) put(item.packageName, item.version, item.tag, item.integrity);
        return [201, { ok: true }];
      }
      if (request.method === 'POST' && rest?.startsWith('package/')) {
        if (failure !== 0) {
          const status = failure;
          failure = 0;
          return [status, { error: 'failed' }];
        }
        const upload = JSON.parse(await bodyOf(request)) as Upload;
        const [version = ''] = Object.keys(upload.versions);
        const [tag = ''] = Object.keys(upload['dist-tags']);
        const [attachment] = Object.values(upload._attachments);
        const bytes = Buffer.from(attachment?.data ?? '', 'base64');
        count += 1;
        const id = idOf(count);
        const shasum = createHash('sha1').update(bytes).digest('hex');
        const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
        staged.push({ id, packageName: upload.name, version, tag, shasum, integrity });
        return [201, { stageId: id }];
      }
    }
    if (request.method === 'PUT' && !path.startsWith('/-/')) {
      const upload = JSON.parse(await bodyOf(request)) as Upload;
      const [version = ''] = Object.keys(upload.versions);
      const [tag = ''] = Object.keys(upload['dist-tags']);
      const [attachment] = Object.values(upload._attachments);
      const bytes = Buffer.from(attachment?.data ?? '', 'base64');
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      put(upload.name, version, tag, integrity);
      return [201, { ok: true }];
    }
    const tags = /^\/-\/package\/(.*)\/dist-tags\/?(.*)$/.exec(path);
    const [, tagged = '', tag = ''] = tags ?? [];
    const known = shown.get(tagged === '' ? path.slice(1) : tagged);
    if (known === undefined) return [404, { error: 'not found' }];
    if (tag === '' && tagged !== '') return [200, known.tags];
    if (request.method === 'PUT') known.tags[tag] = JSON.parse(await bodyOf(request));
    if (request.method === 'DELETE') delete known.tags[tag];
    if (tag !== '') return [201, { ok: true }];
    return [200, { name: path.slice(1), versions: known.versions, 'dist-tags': known.tags }];
  };
  const server = await startServer((request, response) => {
    void answer(request).then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
  });
  return {
    url: `${server.url}/`,
    requests: server.requests,
    staged,
    published,
    failNext: (status) => {
      failure = status;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function idOf(count: number): string {
  return `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
