import type { IncomingMessage, ClientRequest as NodeRequest, RequestOptions } from 'node:http';
import { hostOf } from '../../request/index.ts';
import type { Dialling, Way } from './agent.ts';
import { FedBody } from './body.ts';
import {
  type Answer,
  type Client,
  type ClientRequest,
  firstValues,
  type HttpTimeouts,
} from './client.ts';
import { returnReadMemory } from './read-memory.ts';

/**
 * Node's own client, with an agent that knows the way. Its parser is native: with undici's, which is
 * WebAssembly, an installation of 118 MB took 1.05 s in place of 0.98 s.
 */
export function createNodeClient(way: Way, timeouts: HttpTimeouts): Client {
  return {
    async get({ url, method, content, headers, signal }) {
      const { request } = await (url.protocol === 'https:'
        ? import('node:https')
        : import('node:http'));
      // Node would connect all the same.
      signal?.throwIfAborted();
      const dialling = new AbortController();
      const options: RequestOptions & Dialling = {
        ...(await whereTo(url, way, sized(headers, content))),
        method,
        agent: way.agent,
        dialling: dialling.signal,
      };
      return receive(request(options), { timeouts, content, signal, dialling });
    },
    close: () => Promise.resolve(way.agent.destroy()),
  };
}

function sized(headers: ClientRequest['headers'], content: ClientRequest['content']) {
  return content === undefined ? headers : { ...headers, 'content-length': `${content.size}` };
}

/** Without the URL's name and password: credentials come as a header, and for one origin. */
async function whereTo(
  { protocol, hostname, port, pathname, search, host }: URL,
  { forwarder }: Way,
  headers: ClientRequest['headers'],
): Promise<RequestOptions> {
  const server = { protocol, host: hostOf({ hostname }), port };
  const path = `${pathname}${search}`;
  if (forwarder === null) return { ...server, path, headers };
  const { proxyAuthorization } = await import('./tunnel.ts');
  return {
    ...server,
    path: `${protocol}//${host}${path}`,
    headers: { ...headers, ...proxyAuthorization(forwarder) },
  };
}

interface Exchange {
  readonly timeouts: HttpTimeouts;
  readonly content: ClientRequest['content'];
  readonly signal: ClientRequest['signal'];
  readonly dialling: AbortController;
}

function receive(
  request: NodeRequest,
  { timeouts, content, signal, dialling }: Exchange,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let body: FedBody | undefined;
    const giveUp = (reason: Error) => {
      // First: a request that is destroyed drops what waits in its answer and ends it like a whole one.
      body?.destroy(reason);
      dialling.abort();
      request.destroy(reason);
      // A request without a connection says nothing until its agent has one.
      reject(reason);
    };
    const abort = () => giveUp(new Error('aborted'));
    const { moved, endWait } = limitWait(request, timeouts, giveUp);
    request.once('response', (response) => {
      endWait();
      body = feed(response, timeouts.stall);
      resolve({
        status: response.statusCode ?? 0,
        headers: firstValues(response.headersDistinct),
        body,
      });
    });
    request.on('error', reject);
    request.once('close', () => {
      endWait();
      signal?.removeEventListener('abort', abort);
      // Where nothing has told why: no effect after an answer or an error.
      reject(closedEarly());
    });
    signal?.addEventListener('abort', abort, { once: true });
    if (content === undefined) request.end();
    else send(request, content, moved).catch(giveUp);
  });
}

/** Feeds a request as fast as the server takes it; one that has its answer, or its end, takes no more. */
async function send(
  request: NodeRequest,
  content: NonNullable<ClientRequest['content']>,
  moved: () => void,
): Promise<void> {
  for await (const chunk of content.open()) {
    if (request.destroyed || request.writableEnded) return;
    const taken = new Promise<void>((resolve) => {
      request.once('close', resolve);
      request.write(chunk, () => {
        request.off('close', resolve);
        resolve();
      });
    });
    await taken;
    moved();
  }
  request.end();
}

/**
 * Gives up a connection that does not come about, then an answer that does not come. While something is
 * sent, `moved` begins the wait anew.
 */
function limitWait(
  request: NodeRequest,
  timeouts: HttpTimeouts,
  giveUp: (reason: Error) => void,
): { readonly moved: () => void; readonly endWait: () => void } {
  const limit = (code: string, milliseconds: number) =>
    setTimeout(() => giveUp(timeout(code)), milliseconds);
  let timer = limit('ETIMEDOUT', timeouts.connect);
  const awaitAnswer = () => {
    clearTimeout(timer);
    timer = limit('ERR_HEADERS_TIMEOUT', timeouts.headers);
  };
  request.once('socket', (socket) => {
    if (!socket.connecting) return awaitAnswer();
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', awaitAnswer);
  });
  return { moved: () => timer.refresh(), endWait: () => clearTimeout(timer) };
}

function feed(response: IncomingMessage, stall: number): FedBody {
  let received = 0;
  const watch = watchFor(response, stall, () => received);
  const body = new FedBody({
    pause: () => response.pause(),
    resume: () => {
      // A pause is no stall: from here on the server's silence counts again.
      watch?.refresh();
      response.resume();
    },
    abort: (reason) => response.destroy(reason),
  });
  response.on('data', (chunk: Buffer) => {
    watch?.refresh();
    received += chunk.length;
    body.feed(chunk);
  });
  returnReadMemory(response);
  response.once('end', () => body.end());
  response.once('error', (error) => body.fail(error));
  response.once('close', () => {
    clearTimeout(watch);
    body.fail(closedEarly());
  });
  return body;
}

/** Not the socket's own time-out: a request hears of that once, and that may be in a pause. */
function watchFor(
  response: IncomingMessage,
  stall: number,
  received: () => number,
): NodeJS.Timeout | undefined {
  if (stall === 0) return undefined;
  return setTimeout(() => {
    if (response.isPaused()) return;
    const before = received();
    // What came while this process was held up is taken first.
    setImmediate(() => {
      if (received() === before && !response.isPaused()) {
        response.destroy(timeout('ERR_BODY_TIMEOUT'));
      }
    });
  }, stall);
}

function timeout(code: string): Error {
  return Object.assign(new Error('timed out'), { code });
}

function closedEarly(): Error {
  return Object.assign(new Error('closed early'), { code: 'ECONNRESET' });
}
