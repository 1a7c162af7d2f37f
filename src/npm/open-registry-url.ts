import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import {
  type Body,
  displayUrl,
  encodingOf,
  FedBody,
  type HttpResponse,
  networkFailure,
  parseHop,
  type ResponseHeaders,
  statusFailure,
  unavailable,
} from '../http/index.ts';
import type { NpmOptions } from './options.ts';

const MAX_HOPS = 5;
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * Opens a document or a tarball with npm's agent (proxies, certificate authorities) and npm's choice of
 * credentials, but on Node's own client: npm's reads a body as fast as the network delivers, so a
 * slower reader would have to hold all 170 MB in memory.
 * @throws CodexRuntimeError `SOURCE_UNAVAILABLE`, `ABORTED`
 */
export async function openRegistryUrl(
  address: string,
  options: NpmOptions,
  request: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal | undefined;
    readonly stallMs?: number;
  },
): Promise<HttpResponse> {
  const { default: getAuth } = await import('npm-registry-fetch/lib/auth.js');
  const first = parseHop(address);
  const { token, auth, cert, key } = getAuth(address, options);
  const authorization = token ? `Bearer ${token}` : auth ? `Basic ${auth}` : undefined;
  const identified = cert === null || key === null ? options : { ...options, cert, key };
  let url = first;
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    // A registry may redirect to its storage, which has no business with its credentials.
    const own = url.origin === first.origin;
    const answer = await get(url, own ? identified : options, {
      ...request,
      authorization: own ? authorization : undefined,
    });
    const { statusCode: status = 0 } = answer;
    const headers = answer.headers as ResponseHeaders;
    if (status >= 200 && status < 300 && encodingOf(headers) === null) {
      return { status, headers, url, body: fedBy(answer) };
    }
    answer.destroy();
    const { location } = answer.headers;
    if (status >= 300 && status < 400 && location !== undefined) url = parseHop(location, url);
    else if (status >= 400) throw statusFailure({ url, status, headers, now: Date.now() });
    else throw refused(url, `answered ${status} in a form that is not taken`);
  }
  throw refused(first, `redirects more than ${MAX_HOPS} times`);
}

async function get(
  url: URL,
  options: NpmOptions,
  request: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly authorization: string | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly stallMs?: number;
  },
): Promise<IncomingMessage> {
  const { getAgent } = await import('@npmcli/agent');
  const { ca, cert, key, localAddress, maxSockets, noProxy, strictSSL } = options;
  const agent = getAgent(url.href, {
    ...{ ca, cert, key, localAddress, maxSockets, noProxy },
    proxy: options.httpsProxy ?? options.proxy,
    rejectUnauthorized: strictSSL !== false,
  });
  const { authorization, headers, signal } = request;
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? https : http).get(url, {
        agent,
        headers: {
          'user-agent': 'codex-runtime',
          ...headers,
          'accept-encoding': 'identity',
          ...(authorization === undefined ? {} : { authorization }),
        },
        signal,
      });
      sent.setTimeout(ANSWER_TIMEOUT_MS, () => sent.destroy(new Error('no answer came in time')));
      sent.on('error', reject);
      // A switch to another protocol ends the connection with neither an answer nor an error.
      sent.once('close', () => reject(new Error('the connection was closed')));
      sent.once('response', (answer) => {
        // Of a tarball whoever reads the body decides how long silence may last.
        sent.setTimeout(request.stallMs ?? 0);
        resolve(answer);
      });
    });
  } catch (error) {
    throw networkFailure(url, error, signal);
  }
}

/** Fed to a queue, a body costs less than as a stream that is read chunk by chunk. */
function fedBy(answer: IncomingMessage): Body {
  const body = new FedBody({
    pause: () => answer.pause(),
    resume: () => answer.resume(),
    abort: (reason) => answer.destroy(reason),
  });
  answer
    .on('data', (chunk: Buffer) => body.feed(chunk))
    .on('end', () => body.end())
    .on('error', (error) => body.fail(error))
    .on('close', () => body.fail(new Error('the connection was closed')));
  return body;
}

function refused(url: URL, what: string) {
  return unavailable(`${displayUrl(url)} ${what}.`, { reason: 'refused', url });
}
