import { createHash } from 'node:crypto';
import { CodexRuntimeError } from '../../errors.ts';
import type { OnProgress } from '../../events.ts';
import { asJsonObject } from '../../json.ts';
import type { Settings } from '../../request/index.ts';
import {
  displayUrl,
  type Http,
  type HttpRequest,
  type HttpResponse,
  parseJson,
  RETRY_POLICY,
  readText,
  unavailable,
  withRetries,
} from '../http/index.ts';
import { createAuthorizer } from './authorizer.ts';
import type { Descriptor } from './descriptor.ts';
import { ACCEPTED_MANIFESTS } from './media-types.ts';
import type { Reference } from './reference.ts';

/** A manifest or an index as a registry has it. */
export interface FoundManifest {
  readonly descriptor: Descriptor;
  readonly text: string;
}

/** One repository of a registry, as its distribution interface shows it. */
export interface OciRegistry {
  readonly reference: Reference;
  /**
   * A manifest by tag or digest; null where the registry does not have it.
   * @throws CodexRuntimeError `DIGEST_MISMATCH` when it is not the one that its digest names
   */
  manifest(name: string, signal?: AbortSignal): Promise<FoundManifest | null>;
  /** Whether it has a manifest; its digest, or null. */
  hasManifest(name: string, signal?: AbortSignal): Promise<string | null>;
  /** A small blob, held to its descriptor. */
  blob(descriptor: Descriptor, signal?: AbortSignal): Promise<string>;
  /** Every tag; null where the registry does not list them, or not to us. */
  tags(signal?: AbortSignal): Promise<readonly string[] | null>;
  /** One attempt at any URL of the repository, with the credentials for it. */
  open(url: string, request?: HttpRequest): Promise<HttpResponse>;
  /** The URL of a path below the repository: `blobs/sha256:…`. */
  url(path: string): string;
}

export interface OciRegistryOptions {
  readonly settings: Pick<Settings, 'env'>;
  readonly http: Http;
  /** What is going to be asked for. Default `pull`. */
  readonly actions?: 'pull' | 'pull,push';
  readonly onProgress?: OnProgress | undefined;
}

/** Pages of a list of tags: a hundred thousand names and more. */
const MAX_PAGES = 1000;

/**
 * Opens a repository; nothing is asked before the first call. What belongs to the registry is asked
 * again where that makes sense, except by `open`.
 * All methods throw CodexRuntimeError `SOURCE_UNAVAILABLE`, `USAGE` for a file of logins that cannot be
 * read, and `ABORTED`.
 */
export function openOciRegistry(reference: Reference, options: OciRegistryOptions): OciRegistry {
  const { onProgress } = options;
  const open = createAuthorizer(reference, options);
  const url = (path: string) => `${reference.origin}/v2/${reference.repository}/${path}`;
  const trying = <T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    withRetries(work, { policy: RETRY_POLICY, onProgress, signal });
  const manifestRequest = (signal: AbortSignal | undefined) => ({
    headers: { accept: ACCEPTED_MANIFESTS },
    takes: [404],
    signal,
  });

  return {
    reference,
    open,
    url,
    manifest: (name, signal) =>
      trying(async () => {
        const answer = await open(url(`manifests/${name}`), manifestRequest(signal));
        if (isMissing(answer)) return null;
        refusePage(answer);
        const text = await readText(answer, signal);
        const bytes = Buffer.from(text, 'utf8');
        const digest = sha256(bytes);
        const claimed = name.startsWith('sha256:') ? name : answer.headers['docker-content-digest'];
        if (claimed?.startsWith('sha256:') === true && claimed !== digest) {
          throw otherBytes(answer.url, { expected: claimed, actual: digest });
        }
        const document = asJsonObject(parseJson(answer.url, text));
        const mediaType = mediaTypeOf(answer) ?? String(document['mediaType'] ?? '');
        return { descriptor: { mediaType, digest, size: bytes.length }, text };
      }, signal),
    hasManifest: (name, signal) =>
      trying(async () => {
        const request = { ...manifestRequest(signal), method: 'HEAD' };
        const answer = await open(url(`manifests/${name}`), request);
        if (isMissing(answer)) return null;
        await readText(answer, signal);
        return answer.headers['docker-content-digest'] ?? (name.startsWith('sha256:') ? name : '');
      }, signal),
    blob: ({ digest, size }, signal) =>
      trying(async () => {
        const answer = await open(url(`blobs/${digest}`), { signal });
        refusePage(answer);
        const text = await readText(answer, signal);
        const bytes = Buffer.from(text, 'utf8');
        const actual = sha256(bytes);
        if (actual !== digest) throw otherBytes(answer.url, { expected: digest, actual });
        if (bytes.length === size) return text;
        throw otherSize(answer.url, { expected: size, actual: bytes.length });
      }, signal),
    tags: (signal) => trying(() => listTags(open, url('tags/list'), signal), signal),
  };
}

async function listTags(
  open: OciRegistry['open'],
  first: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | null> {
  const tags: string[] = [];
  let next: string | null = first;
  for (let page = 0; next !== null && page < MAX_PAGES; page += 1) {
    const answer: HttpResponse = await open(next, { takes: [404], signal });
    if (isMissing(answer)) return null;
    const document = asJsonObject(parseJson(answer.url, await readText(answer, signal)));
    const found = Array.isArray(document['tags']) ? document['tags'] : [];
    tags.push(...found.filter((tag) => typeof tag === 'string'));
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.headers['link'] ?? '')?.[1];
    const following = link === undefined ? null : new URL(link, answer.url);
    next = following !== null && following.origin === answer.url.origin ? following.href : null;
  }
  return tags;
}

function isMissing(answer: HttpResponse): boolean {
  if (answer.status !== 404) return false;
  answer.body.destroy();
  return true;
}

/** A login page, or a proxy's own words: what stands there in place of a registry. */
function refusePage(answer: HttpResponse): void {
  if (!/^\s*text\//i.test(answer.headers['content-type'] ?? '')) return;
  answer.body.destroy();
  throw unavailable(
    `${displayUrl(answer.url)} answered with a text page, not as a registry does.`,
    {
      reason: 'not-an-asset',
      url: answer.url,
      status: answer.status,
      hint: 'Check the host and the path of the registry, and whether a login page is in front of it.',
    },
  );
}

function mediaTypeOf({ headers }: HttpResponse): string | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return type === '' || type === 'application/json' ? undefined : type;
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

interface Difference {
  readonly expected: string | number;
  readonly actual: string | number;
}

function otherBytes(url: URL, { expected, actual }: Difference): CodexRuntimeError {
  return new CodexRuntimeError(
    'DIGEST_MISMATCH',
    `${displayUrl(url)} is not what its digest says: expected ${expected}, got ${actual}.`,
    {
      hint: 'The registry, or a cache in front of it, returns corrupt data. Do not use it.',
      fields: { url: displayUrl(url), expected, actual },
    },
  );
}

function otherSize(url: URL, { expected, actual }: Difference): CodexRuntimeError {
  return new CodexRuntimeError(
    'SIZE_MISMATCH',
    `${displayUrl(url)} has ${actual} bytes, and its image says ${expected}.`,
    {
      hint: 'The image is damaged. Publish it again.',
      fields: { url: displayUrl(url), expected, actual },
    },
  );
}
