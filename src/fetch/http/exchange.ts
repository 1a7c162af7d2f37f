import { unlessAborted } from '../../abort.ts';
import type { Body } from './body.ts';
import type { Answer, Content, ResponseHeaders } from './client.ts';
import type { Clients } from './clients.ts';
import { readBounded } from './document.ts';
import { displayUrl, unavailable, unavailableReason } from './failure.ts';
import { type Credentials, parseHop } from './hop.ts';
import { errorCode, networkFailure } from './network-failure.ts';
import { statusFailure } from './status-failure.ts';

export interface HttpRequest {
  /** Default GET. Redirects are followed for GET and HEAD alone. */
  readonly method?: string;
  readonly content?: Content;
  /** Statuses besides 200 to 299 that the caller reads itself. Default: none. */
  readonly takes?: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to its own origin only, whatever redirects say. */
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  /** 200 to 299, or one that the request takes. */
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** Must be read to its end or destroyed. */
  readonly body: Body;
}

const MAX_HOPS = 5;
const GRACE_MS = 100;
/** Most servers answer within a second; whoever waits longer wants to know for whom. */
const NOTICE_MS = 5_000;
/** GitHub tells of its secondary rate limit in some hundred bytes. */
const REASON_BYTES = 2 ** 14;
const REASON_MS = 2_000;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * One request without retries: follows redirects by our own rules, asks for and takes only unencoded
 * bodies, and turns every other answer than 2xx into a typed failure. Where the server refuses the
 * credentials it is asked once more without them: it may hold what was asked for ready for all.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `ABORTED`
 */
export async function exchange(
  clients: Clients,
  address: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  let url = parseHop(address);
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    const answer = await askHop(clients, url, request);
    if (!REDIRECTS.includes(answer.status)) return answer;
    answer.body.destroy();
    const { method = 'GET' } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      throw unavailable(`${displayUrl(url)} redirects a ${method}, which is not followed.`, {
        reason: 'refused',
        url,
        status: answer.status,
      });
    }
    const location = answer.headers['location'];
    if (location === undefined) {
      throw unavailable(`${displayUrl(url)} sent a redirect without a location.`, {
        reason: 'refused',
        url,
      });
    }
    url = parseHop(location, url);
  }
  throw unavailable(`${displayUrl(parseHop(address))} redirects more than ${MAX_HOPS} times.`, {
    reason: 'refused',
    url,
  });
}

/** A redirect, or an answer that can be taken. */
async function askHop(clients: Clients, url: URL, request: HttpRequest): Promise<HttpResponse> {
  const own = request.credentials?.origin === url.origin ? request.credentials : undefined;
  const refused = own === undefined ? undefined : clients.refusals.find(own);
  const credentials = refused === undefined ? own : undefined;
  const answer = await ask(clients, url, { ...request, credentials });
  if (REDIRECTS.includes(answer.status) || isTaken(answer, request)) return answer;
  const { status, headers } = answer;
  const encoding = encodingOf(headers);
  if (status < 400) {
    answer.body.destroy();
    const what = encoding === null ? `response ${status}` : `content encoding ${encoding}`;
    throw unavailable(`Unexpected ${what} from ${displayUrl(url)}.`, {
      reason: 'refused',
      url,
      status,
    });
  }
  const text = await readStart(answer);
  const refusal = { url, status, headers, text, now: Date.now(), credentials, refused };
  const failure = statusFailure(refusal);
  if (credentials === undefined || unavailableReason(failure) !== 'unauthorized') throw failure;
  clients.refusals.add(credentials, status);
  return askHop(clients, url, request);
}

async function ask(clients: Clients, url: URL, request: HttpRequest): Promise<HttpResponse> {
  const { credentials, method, content, signal } = request;
  const headers = {
    'user-agent': 'codex-runtime',
    ...request.headers,
    'accept-encoding': 'identity',
    ...(credentials === undefined ? {} : { authorization: credentials.authorization }),
  };
  const answering = (async () => {
    const client = await clients.to(url);
    return client.get({ url, method, content, headers, signal });
  })();
  try {
    // How long an upload takes depends on its size: the client watches that it moves.
    const answer =
      content === undefined
        ? inTime(answering, clients, { host: url.host, signal })
        : unlessAborted(answering, signal);
    return { ...(await answer), url };
  } catch (error) {
    // The caller is gone: an answer that still comes is closed.
    answering.then(({ body }) => body.destroy(), ignore);
    if (errorCode(error) === 'ERR_INVALID_CHAR') throw unsendable(url, credentials, error);
    throw networkFailure(url, error, signal);
  }
}

/** Node refuses a header that would end the line and begin another. */
function unsendable(url: URL, credentials: Credentials | undefined, cause: unknown) {
  const what = credentials?.name ?? 'A header';
  return unavailable(`${what} contains a character that is not allowed in an HTTP header.`, {
    reason: 'refused',
    url,
    cause,
    hint: `Set ${what} again, without line breaks.`,
  });
}

/**
 * The client's answer, unless the signal fires or the time for one is over: whatever a client, a
 * proxy or a look-up does, the call ends. A long silence is told before that.
 */
function inTime(
  answering: Promise<Answer>,
  { timeouts: { connect, headers, notice = NOTICE_MS }, onProgress }: Clients,
  { host, signal }: { readonly host: string; readonly signal: AbortSignal | undefined },
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const silent = { type: 'silent', host, seconds: Math.round(notice / 1000) } as const;
  const noticing = setTimeout(() => onProgress?.(silent), notice);
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error('timed out'), { code: 'ERR_HEADERS_TIMEOUT' });
    // The client has the same limits and knows which one was passed: it goes first.
    timer = setTimeout(() => reject(error), connect + headers + GRACE_MS);
  });
  const first = Promise.race([answering, late]);
  return unlessAborted(first, signal).finally(() => {
    clearTimeout(timer);
    clearTimeout(noticing);
  });
}

function ignore(): void {
  // The caller has already got another error.
}

function isTaken({ status, headers }: HttpResponse, { takes = [] }: HttpRequest): boolean {
  if (takes.includes(status)) return true;
  return status >= 200 && status < 300 && encodingOf(headers) === null;
}

/** What a refusal says about itself, as far as it comes at once; the rest is not waited for. */
async function readStart({ status, body }: HttpResponse): Promise<string> {
  const enough = setTimeout(() => body.destroy(), REASON_MS);
  try {
    if (status !== 403 && status !== 429) return '';
    return await readBounded(body, REASON_BYTES, () => new RangeError('too long'));
  } catch {
    return '';
  } finally {
    clearTimeout(enough);
    body.destroy();
  }
}

/** How a body is encoded; null where it is not, though some servers and caches say so in a word. */
function encodingOf(headers: ResponseHeaders): string | null {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return encoding === '' || encoding === 'identity' ? null : encoding;
}
