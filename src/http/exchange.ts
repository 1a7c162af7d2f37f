import type { Body } from './body.ts';
import type { Clients } from './clients.ts';
import { displayUrl, unavailable } from './failure.ts';
import type { ResponseHeaders } from './headers.ts';
import { type Credentials, parseHop } from './hop.ts';
import { networkFailure } from './network-failure.ts';
import { statusFailure } from './status-failure.ts';

export interface HttpRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to its own origin only, whatever redirects say. */
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  /** 200 to 299. */
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** Must be read to its end or destroyed. */
  readonly body: Body;
}

const MAX_HOPS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * One GET without retries: follows redirects by our own rules, asks for and takes only unencoded
 * bodies, and turns every other answer than 2xx into a typed failure.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `ABORTED`
 */
export async function exchange(
  clients: Pick<Clients, 'to'>,
  address: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  let url = parseHop(address);
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    const answer = await ask(clients, url, request);
    if (!REDIRECTS.includes(answer.status)) return accept(answer);
    answer.body.destroy();
    const location = answer.headers['location'];
    if (location === undefined) {
      throw unavailable(`${displayUrl(url)} redirects to nowhere.`, { reason: 'refused', url });
    }
    url = parseHop(location, url);
  }
  throw unavailable(`${displayUrl(parseHop(address))} redirects more than ${MAX_HOPS} times.`, {
    reason: 'refused',
    url,
  });
}

async function ask(
  clients: Pick<Clients, 'to'>,
  url: URL,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { credentials, signal } = request;
  const headers = {
    'user-agent': 'codex-runtime',
    ...request.headers,
    'accept-encoding': 'identity',
    ...(credentials !== undefined && credentials.origin === url.origin
      ? { authorization: credentials.authorization }
      : {}),
  };
  try {
    const client = await clients.to(url);
    return { ...(await client.get({ url, headers, signal })), url };
  } catch (error) {
    throw networkFailure(url, error, signal);
  }
}

function accept(answer: HttpResponse): HttpResponse {
  const { status, headers, url } = answer;
  const encoding = encodingOf(headers);
  if (status >= 200 && status < 300 && encoding === null) return answer;
  answer.body.destroy();
  if (status >= 400) throw statusFailure({ url, status, headers, now: Date.now() });
  const what = encoding === null ? `answered ${status}` : `encoded the answer (${encoding})`;
  throw unavailable(`${url.host} ${what} to ${displayUrl(url)}, which is not taken.`, {
    reason: 'refused',
    url,
    status,
  });
}

/** How a body is encoded; null where it is not, though some servers and caches say so in a word. */
function encodingOf(headers: ResponseHeaders): string | null {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return encoding === '' || encoding === 'identity' ? null : encoding;
}
