import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaultServer } from './fault-server.ts';
import { serve } from './loopback-http.ts';

interface ServedBlob {
  readonly type: string;
  readonly bytes: Buffer;
}

/** What a registry answers to one request in place of the truth. */
export interface Lie {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: Buffer;
}

/** The images of one repository, as a registry that may lie has them. */
export class Images {
  readonly tags = new Map<string, string>();
  readonly blobs = new Map<string, ServedBlob>();

  put(type: string, content: Buffer | object) {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    this.blobs.set(digest, { type, bytes });
    return { mediaType: type, digest, size: bytes.length };
  }

  /** Serves `tools/codex` for as long as the test lasts. */
  async serve(
    lie: (path: string, truth: ServedBlob | undefined) => Lie | undefined = () => undefined,
  ) {
    const server = await serve((request, response) => {
      const [, path = ''] = /^\/v2\/tools\/codex\/(.*)$/.exec(request.url ?? '') ?? [];
      const name = path.replace(/^(manifests|blobs)\//, '');
      const truth = this.blobs.get(this.tags.get(name) ?? name);
      const told = lie(path, truth) ?? {};
      const bytes = told.bytes ?? truth?.bytes ?? Buffer.from('{}');
      response.writeHead(
        told.status ?? (truth === undefined && told.bytes === undefined ? 404 : 200),
        {
          'content-type': told.type ?? truth?.type ?? 'application/json',
          'content-length': bytes.length,
          ...told.headers,
        },
      );
      response.end(bytes);
    });
    return { server, source: sourceOf(server) };
  }
}

function sourceOf({ url }: FaultServer): string {
  return `oci:${new URL(url).host}/tools/codex`;
}

export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';

export interface ImageOptions {
  readonly version?: string;
  readonly layerType?: string;
  readonly layerSize?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string; readonly architecture: string };
}

/** One index with one image of one layer, under the version's tag. */
export function imageOf(layer: Buffer, options: ImageOptions = {}): Images {
  const images = new Images();
  const { version = '0.115.0', layerType = GZIP, labels = {} } = options;
  const platform = options.platform ?? { os: 'linux', architecture: 'amd64' };
  const diffId = `sha256:${'d'.repeat(64)}`;
  const config = images.put('application/vnd.oci.image.config.v1+json', {
    ...platform,
    config: {
      Labels: {
        'org.opencontainers.image.version': version,
        'dev.codex-runtime.target': 'x86_64-unknown-linux-musl',
        'dev.codex-runtime.layer': diffId,
        ...labels,
      },
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
  });
  const described = images.put(layerType, layer);
  const layers = [{ ...described, size: options.layerSize ?? described.size }];
  const manifest = images.put(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers });
  const manifests = [{ ...manifest, platform }];
  const index = images.put(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
  images.tags.set('0.115.0', index.digest);
  return images;
}

/** Reads a packed layout into what a registry would have. */
export async function imagesIn(out: string): Promise<Images> {
  const images = new Images();
  const layout = join(out, 'oci');
  const blobs = join(layout, 'blobs/sha256');
  for (const name of await readdir(blobs)) {
    const bytes = await readFile(join(blobs, name));
    const text = bytes[0] === 0x7b ? bytes.toString('utf8') : '{}';
    images.put(JSON.parse(text).mediaType ?? 'application/octet-stream', bytes);
  }
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  for (const { digest, annotations } of manifests) {
    images.tags.set(annotations['org.opencontainers.image.ref.name'], digest);
  }
  return images;
}
