import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Asset, AssetSource } from '../../src/asset.ts';
import type { ProgressEvent } from '../../src/events.ts';
import type { DownloadRequest } from '../../src/fetch/index.ts';
import { settingsFrom } from '../../src/request/settings.ts';
import { parseTarget } from '../../src/target/index.ts';

/** One asset, a home for it, and what a test sees of its download. */
export interface DownloadFixture extends AsyncDisposable {
  readonly content: Buffer;
  readonly home: string;
  readonly events: ProgressEvent[];
  asset(sources: readonly AssetSource[], changes?: Partial<Asset>): Asset;
  request(asset: Asset, changes?: Partial<DownloadRequest>): DownloadRequest;
}

export async function downloadFixture({
  size = 300_000,
  env = {},
}: {
  size?: number;
  env?: Record<string, string>;
} = {}): Promise<DownloadFixture> {
  const home = await mkdtemp(join(tmpdir(), 'codex-runtime-download-'));
  const content = randomBytes(size);
  const target = parseTarget('linux-x64');
  const events: ProgressEvent[] = [];
  const settings = settingsFrom(
    { HOME: home, CODEX_RUNTIME_HOME: home, ...env },
    { cwd: home, host: { platform: 'linux', arch: 'x64' } },
  );
  return {
    content,
    home,
    events,
    asset: (sources, changes = {}) => ({
      name: `codex-${target.triple}.tar.gz`,
      target,
      variant: 'binary',
      format: 'tar.gz',
      layout: 'bare',
      size,
      digests: [{ algorithm: 'sha256', hex: sha256(content), origin: 'github' }],
      sources,
      ...changes,
    }),
    request: (asset, changes = {}) => ({
      channel: 'github',
      asset,
      partialDir: join(home, 'partial'),
      settings,
      onProgress: (event) => events.push(event),
      ...changes,
    }),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface FileServing {
  readonly etag?: string | null;
  readonly ranges?: boolean;
  /** Bytes a second that one connection carries. Default: no limit. */
  readonly rate?: number;
}

/** Answers as a static file server does: ETag, ranges, If-Range. */
export function serveFile(
  content: Buffer,
  { etag = '"one"', ranges = true, rate }: FileServing = {},
) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const head = { 'content-type': 'application/gzip', ...(etag === null ? {} : { etag }) };
    const wanted = ranges ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') : null;
    const same = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    let [start, end] = [0, content.length];
    if (wanted === null || !same) {
      response.writeHead(200, { ...head, 'content-length': content.length });
    } else {
      start = Number(wanted[1]);
      end = wanted[2] === '' ? content.length : Number(wanted[2]) + 1;
      const range = `bytes ${start}-${end - 1}/${content.length}`;
      response.writeHead(206, { ...head, 'content-range': range, 'content-length': end - start });
    }
    if (rate === undefined) response.end(content.subarray(start, end));
    else trickle(response, content.subarray(start, end), rate);
  };
}

function trickle(response: ServerResponse, bytes: Buffer, rate: number): void {
  const started = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(Math.floor(((performance.now() - started) / 1000) * rate), bytes.length);
    response.write(bytes.subarray(sent, due));
    sent = due;
    if (sent < bytes.length) return;
    clearInterval(timer);
    response.end();
  }, 10);
  response.on('close', () => clearInterval(timer));
}

/** Reads a download to its end. */
export async function collect(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
